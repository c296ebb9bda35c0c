# With code.awk -v keep_includes=1: reports includes that do not stay in the file's own layer or
# to its left. `order` lists the layers.
BEGIN {
    count = split(order, names, " ")
    for (i = 1; i <= count; ++i) rank[names[i]] = i
}

function fault(what) { print FILENAME ":" FNR ": " what }

function emit(code,    own, target, parts) {
    own = FILENAME
    sub(/^(include\/rondo|src)\//, "", own)
    if (own !~ /\//) own = ""
    sub(/\/.*/, "", own)
    if (FNR == 1 && own != "" && !(own in rank))
        fault("layering: folder '" own "' is none of the layers (" order ")")
    if (code !~ /^[ \t]*#[ \t]*include/) return

    target = code
    sub(/^[ \t]*#[ \t]*include[ \t]*[<"]/, "", target)
    sub(/[>"].*/, "", target)
    if (target ~ /\.\./) { fault("layering: an include with '..': " target); return }
    if (own == "" || target !~ /\//) return
    split(target, parts, "/")
    if (parts[1] == "rondo" && target !~ /^rondo\/[^\/]*\//) {
        fault("layering: '" own "' includes the whole library: " target)
        return
    }
    if (parts[1] == "rondo") sub(/^rondo\//, "", target)
    else if (code ~ /</) return
    sub(/\/.*/, "", target)
    if (target in rank && rank[target] > rank[own])
        fault("layering: '" own "' includes '" target "', which stands to its right (" order ")")
}
