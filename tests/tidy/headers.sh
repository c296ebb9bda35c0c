#!/usr/bin/env bash
# headers.sh ROOT: every header begins with its licence line and #pragma once.
source "$(dirname -- "${BASH_SOURCE[0]}")/common.sh"

while IFS= read -r file; do
    { IFS= read -r first; IFS= read -r second; } <"$file"
    [[ $first == '// SPDX-License-Identifier: MIT' ]] || fault "$file:1: no licence line"
    [[ $second == '#pragma once' ]] || fault "$file:2: no #pragma once"
done < <(cpp_files '*.hpp' include src tools tests bench examples)
finish
