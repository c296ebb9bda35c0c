#!/usr/bin/env bash
# run.sh BUILD CMAKE COMPILER: installs BUILD to a scratch prefix, moves that tree elsewhere, and
# builds and runs a small program against it, by find_package and by pkg-config.
set -euo pipefail
build=$1 cmake=$2 compiler=$3
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

"$cmake" --install "$build" --prefix "$scratch/first" >/dev/null
mv "$scratch/first" "$scratch/prefix"
prefix=$scratch/prefix

if grep -rlF -e "$scratch/first" -e "$build" --include='*.cmake' --include='*.pc' "$prefix"; then
    echo "the installed files above name the place where they were built"
    exit 1
fi

echo "find_package:"
"$cmake" -S "$here" -B "$scratch/cmake" -G Ninja -DCMAKE_PREFIX_PATH="$prefix" \
    -DCMAKE_CXX_COMPILER="$compiler" -DCMAKE_BUILD_TYPE=Debug
"$cmake" --build "$scratch/cmake"
"$scratch/cmake/consumer"

echo "pkg-config:"
libdir=$(dirname "$(find "$prefix" -name 'librondo.*' -print -quit)")
export PKG_CONFIG_PATH=$libdir/pkgconfig
# The flags are words to be split.
# shellcheck disable=SC2046
"$compiler" -std=c++23 "$here/main.cpp" -o "$scratch/by_pkg_config" \
    $(pkg-config --cflags --libs rondo)
LD_LIBRARY_PATH=$libdir "$scratch/by_pkg_config"

if [[ -e $prefix/bin/rondo ]]; then
    echo "the program:"
    "$prefix/bin/rondo" --help >/dev/null
fi
