#!/usr/bin/env bash
# coverage.sh ROOT: docs/coverage.md has one row for each requirement, and what its rows name
# exists: a path from the tree's root, from include/ or from include/rondo/.
source "$(dirname -- "${BASH_SOURCE[0]}")/common.sh"
list=docs/coverage.md

if [[ ! -f $list ]]; then
    fault "$list:1: missing"
    finish
fi
while IFS= read -r line; do
    if [[ $line != *$'\t'* ]]; then
        fault "$line"
        continue
    fi
    path=${line#*$'\t'}
    [[ -e $path || -e include/$path || -e include/rondo/$path ]] ||
        fault "$list:${line%%$'\t'*}: no such file: $path"
done < <(awk -f "$tidy/coverage.awk" "$list")
finish
