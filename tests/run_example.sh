#!/usr/bin/env bash
# run_example.sh PROGRAM SOURCE: runs an example in an empty directory with the arguments that
# SOURCE names in a line `// run: ARGUMENTS` near its top; passes when it exits with 0.
# The arguments are shell words; $source there is the example's own source file.
set -euo pipefail
program=$1 source=$2

arguments=()
eval "arguments=($(sed -n '1,5s|^// run:||p' "$source"))"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"
timeout 50 "$program" "${arguments[@]}"
