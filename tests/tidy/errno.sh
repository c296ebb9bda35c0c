#!/usr/bin/env bash
# errno.sh ROOT: one file of the library reads errno.
source "$(dirname -- "${BASH_SOURCE[0]}")/common.sh"

mapfile -t files < <(cpp_files '*.[hc]pp' include src)
((${#files[@]})) || finish
uses=$(awk -f "$tidy/code.awk" -f "$tidy/print.awk" "${files[@]}" |
    grep -Ev '^[^:]*:[0-9]+:[[:space:]]*#[[:space:]]*include' |
    grep -E '^[^:]*:[0-9]+:(.*[^A-Za-z0-9_])?errno([^A-Za-z0-9_]|$)')
if (($(cut -d: -f1 <<<"$uses" | sort -u | wc -l) > 1)); then
    faults_from < <(sed 's/$/  (errno is read in one file only)/' <<<"$uses")
fi
finish
