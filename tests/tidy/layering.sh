#!/usr/bin/env bash
# layering.sh ROOT: a layer includes itself and what stands to its left, nothing else.
source "$(dirname -- "${BASH_SOURCE[0]}")/common.sh"
order='core abi op engine ring loop coro io interop tools'

mapfile -t files < <(cpp_files '*.[hc]pp' include/rondo src)
((${#files[@]})) || finish
faults_from < <(awk -v keep_includes=1 -v order="$order" \
    -f "$tidy/code.awk" -f "$tidy/layering.awk" "${files[@]}")
finish
