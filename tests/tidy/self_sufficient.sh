#!/usr/bin/env bash
# self_sufficient.sh ROOT COMPILER [FLAGS...]: every public header compiles alone, and twice.
source "$(dirname -- "${BASH_SOURCE[0]}")/common.sh"
compiler=("${@:2}")

# Prints the header and the compiler's first words about it when it does not compile.
compile_alone() {
    local header=$1 output
    shift
    output=$(printf '#include <%s>\n#include <%s>\n' "$header" "$header" |
        "$@" -x c++ -fsyntax-only -Iinclude - 2>&1) ||
        printf 'include/%s:1: does not compile alone: %s\n' "$header" \
            "$(grep -m 1 -i error <<<"$output")"
}
export -f compile_alone

mapfile -t headers < <(cpp_files '*.hpp' include | sed 's|^include/||')
((${#headers[@]})) || finish
faults_from < <(printf '%s\n' "${headers[@]}" |
    xargs -P 2 -I{} bash -c 'compile_alone "$@"' _ {} "${compiler[@]}")
finish
