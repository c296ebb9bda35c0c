#!/usr/bin/env bash
# run_crash.sh PROGRAM SOURCE: passes when PROGRAM dies of SIGABRT with the message that SOURCE
# announces in a line `// expect: EXTENDED-REGEX` near its top. A line `// sanitizer: address`
# there keeps the program out of every other build. Exit status 77 of the program means skipped.
set -uo pipefail
program=$1 source=$2

expected=$(sed -n '1,5s|^// expect: ||p' "$source")
if [[ -z $expected ]]; then
    echo "$source:1: no line '// expect: REGEX' among the first five"
    exit 1
fi

ulimit -c 0
for tool in ASAN UBSAN TSAN; do
    export "${tool}_OPTIONS=abort_on_error=1:handle_abort=0:detect_leaks=0"
done
output=$(timeout 50 "$program" 2>&1)
status=$?
printf '%s\n' "$output"

if ((status == 77)); then
    exit 77
elif ((status != 134)); then
    echo "$source: exit status $status, expected 134 (SIGABRT)"
    exit 1
elif ! grep -Eq -- "$expected" <<<"$output"; then
    echo "$source: aborted without the message /$expected/"
    exit 1
fi
