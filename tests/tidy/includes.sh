#!/usr/bin/env bash
# includes.sh ROOT: expensive standard headers stay out of the low layers' headers, and the
# library and its tools declare the kernel's interface themselves.
source "$(dirname -- "${BASH_SOURCE[0]}")/common.sh"
costly='functional|chrono|memory|stop_token|thread|filesystem|iostream|string|vector|algorithm|system_error'
# The bridge to std::error_code is a header of its own because of its cost; users include it.
bridge=rondo/core/error_code.hpp

# included PATTERN FILES...: the places that include something matching the pattern.
included() {
    local pattern=$1
    shift
    (($#)) || return 0
    awk -v keep_includes=1 -f "$tidy/code.awk" -f "$tidy/print.awk" "$@" |
        grep -E "^[^:]*:[0-9]+:[[:space:]]*#[[:space:]]*include[[:space:]]*[<\"]($pattern)[>\"]"
}

mapfile -t headers < <(cpp_files '*.hpp' include/rondo/{core,abi,op,ring} |
    grep -vxF "include/$bridge")
faults_from < <(included "$costly|$bridge" "${headers[@]}" |
    sed 's/$/  (costs compile time in a header of core, abi, op or ring)/')

mapfile -t sources < <(cpp_files '*.[hc]pp' include src tools)
faults_from < <(included 'linux/io_uring[^>"]*|liburing[^>"]*' "${sources[@]}" |
    sed 's/$/  (the library declares the interface itself)/')
finish
