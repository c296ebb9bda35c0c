# With code.awk: prints "file:line:code".
function emit(code) { print FILENAME ":" FNR ":" code }
