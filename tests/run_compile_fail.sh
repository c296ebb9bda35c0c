#!/usr/bin/env bash
# run_compile_fail.sh SOURCE COMPILER FLAGS...: passes when SOURCE compiles with
# RONDO_MUST_COMPILE defined, and without it is refused with a message that matches the line
# `// expect: EXTENDED-REGEX` near its top. The first half proves that nothing else is wrong.
set -uo pipefail
source=$1
shift

expected=$(sed -n '1,5s|^// expect: ||p' "$source")
if [[ -z $expected ]]; then
    echo "$source:1: no line '// expect: REGEX' among the first five"
    exit 1
fi

export LC_ALL=C
if ! output=$("$@" -fsyntax-only -DRONDO_MUST_COMPILE "$source" 2>&1); then
    printf '%s\n' "$output"
    echo "$source: does not compile although RONDO_MUST_COMPILE is defined"
    exit 1
fi
if output=$("$@" -fsyntax-only "$source" 2>&1); then
    echo "$source: compiles, but must not"
    exit 1
fi
if ! grep -Eq -- "$expected" <<<"$output"; then
    printf '%s\n' "$output"
    echo "$source: refused without the message /$expected/"
    exit 1
fi
