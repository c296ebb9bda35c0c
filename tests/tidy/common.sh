# shellcheck shell=bash
# Sourced by the checkers: each takes the tree's root as its first argument, prints
# "file:line: rule" for every fault and exits with 1 when there was one.
set -uo pipefail
export LC_ALL=C
tidy=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
cd -- "${1:?usage: $(basename "$0") ROOT}" || exit 2

faults=0

fault() {
    printf '%s\n' "$*"
    faults=$((faults + 1))
}

# Counts and prints the faults that arrive on standard input, one a line.
faults_from() {
    local line
    while IFS= read -r line; do
        fault "$line"
    done
}

# C++ files below the folders that exist: cpp_files NAME-PATTERN FOLDER...
cpp_files() {
    local pattern=$1 folder folders=()
    shift
    for folder; do
        [[ ! -d $folder ]] || folders+=("$folder")
    done
    ((${#folders[@]} == 0)) ||
        find "${folders[@]}" -type f -name "$pattern" ! -path '*/build/*' | sort
}

finish() {
    if ((faults > 0)); then
        printf '%s: %d fault(s)\n' "$(basename "$0" .sh)" "$faults"
        exit 1
    fi
    exit 0
}
