#!/usr/bin/env bash
# sizes.sh ROOT: no file over 400 lines, no line over 100 columns, no function over 70 lines.
source "$(dirname -- "${BASH_SOURCE[0]}")/common.sh"

mapfile -t files < <(cpp_files '*.[hc]pp' include src tools tests bench examples)
((${#files[@]})) || finish
faults_from < <(awk '
    # A column is a character: the bytes that continue one in UTF-8 do not count.
    { gsub(/[\200-\277]/, "") }
    length($0) > 100 { print FILENAME ":" FNR ": line of " length($0) " columns, at most 100" }
    FNR == 401 { print FILENAME ":401: file of more than 400 lines" }' "${files[@]}")
faults_from < <(awk -v limit=70 -f "$tidy/code.awk" -f "$tidy/functions.awk" "${files[@]}")
finish
