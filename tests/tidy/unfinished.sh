#!/usr/bin/env bash
# unfinished.sh ROOT: nothing in the tree says of itself that it is not finished.
source "$(dirname -- "${BASH_SOURCE[0]}")/common.sh"

# These checkers name the words that they look for.
mapfile -t files < <(find . -name .git -prune -o -path ./build -prune -o \
    -path ./tests/tidy -prune -o -path ./.cache -prune -o -type f -print | sed 's|^\./||' | sort)
((${#files[@]})) || finish
faults_from < <(grep -nIEH '\b(TODO|FIXME|XXX|HACK|[Nn]ot implemented)\b' -- "${files[@]}" |
    sed 's/$/  (unfinished by its own words)/')
finish
