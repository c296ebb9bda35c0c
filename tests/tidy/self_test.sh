#!/usr/bin/env bash
# self_test.sh ROOT COMPILER [FLAGS...]: every checker passes a good tree and refuses a bad one,
# naming the fault's place.
set -uo pipefail
tidy=$1/tests/tidy
compiler=("${@:2}")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
faults=0

good_header() {
    printf '// SPDX-License-Identifier: MIT\n#pragma once\n%s\n' "$1"
}

# A small tree that every checker accepts, fresh for each case.
good_tree() {
    tree=$scratch/tree
    rm -rf "$tree"
    mkdir -p "$tree"/{include/rondo/{core,op,ring,interop},src/core,tools,docs,tests}
    good_header '#include <rondo/core/b.hpp>
inline char a() { return R"(errno { )"[b()]; }  // errno is set by open(2)' \
        >"$tree/include/rondo/op/a.hpp"
    good_header 'inline int b() { return 1; }' >"$tree/include/rondo/core/b.hpp"
    printf '#include <string>\n#include <cerrno>\nint last() { return errno; }\n' \
        >"$tree/src/core/last.cpp"
    printf 'generated\n' >"$tree/docs/ops.md"
    coverage_rows >"$tree/docs/coverage.md"
}

coverage_rows() {
    local group
    for group in A:19 B:9 C:5 D:22 E:107; do
        seq -f "| ${group%:*}%.0f | words | not yet | not yet |" "${group#*:}"
    done
}

report() {
    printf '%s\n' "$1" "$2"
    faults=$((faults + 1))
}

passes() {
    local output
    output=$(bash "$tidy/$1.sh" "$tree" "${@:2}" 2>&1) ||
        report "$1 refuses a good tree:" "$output"
}

# refuses CHECKER EXPECTED-TEXT [ARGUMENTS...]
refuses() {
    local output checker=$1 expected=$2
    shift 2
    if output=$(bash "$tidy/$checker.sh" "$tree" "$@" 2>&1); then
        report "$checker accepts a tree with the fault '$expected'" "$output"
    elif ! grep -qF -- "$expected" <<<"$output"; then
        report "$checker does not report '$expected' but:" "$output"
    fi
}

# case_of FILE TEXT CHECKER EXPECTED: a good tree with one file more, or another.
case_of() {
    good_tree
    printf '%s\n' "$2" >"$tree/$1"
    refuses "$3" "$4"
}

lines() {
    local i
    for ((i = 0; i < $1; ++i)); do echo "$2"; done
}

good_trees() {
    local checker
    good_tree
    for checker in layering includes errno sizes headers unfinished coverage; do
        passes "$checker"
    done
    passes docs_current "$scratch/generator"
    passes self_sufficient "${compiler[@]}"
}

layering_cases() {
    case_of include/rondo/core/x.hpp '#include <rondo/op/a.hpp>' \
        layering 'include/rondo/core/x.hpp:1: layering'
    case_of src/core/x.cpp '#include "ring/x.hpp"' layering 'src/core/x.cpp:1: layering'
    case_of src/core/x.cpp '#include "../op/x.hpp"' layering 'src/core/x.cpp:1: layering'
    case_of include/rondo/op/x.hpp '#include <rondo/rondo.hpp>' \
        layering 'include/rondo/op/x.hpp:1: layering'
    good_tree
    mkdir "$tree/src/misc"
    echo >"$tree/src/misc/x.cpp"
    refuses layering 'src/misc/x.cpp:1: layering'
}

include_cases() {
    case_of include/rondo/ring/x.hpp '# include <string>' includes 'include/rondo/ring/x.hpp:1:'
    case_of include/rondo/op/x.hpp '#include <rondo/core/error_code.hpp>' \
        includes 'include/rondo/op/x.hpp:1:'
    case_of src/core/x.cpp '#include <linux/io_uring.h>' includes 'src/core/x.cpp:1:'
    case_of tools/x.cpp '#include <liburing.h>' includes 'tools/x.cpp:1:'
    case_of src/core/x.cpp 'int f() { return -errno; }' errno 'src/core/x.cpp:1:'
    case_of include/rondo/core/x.hpp '#pragma once' headers 'include/rondo/core/x.hpp:1:'
    case_of include/rondo/core/x.hpp '// SPDX-License-Identifier: MIT' \
        headers 'include/rondo/core/x.hpp:2:'
}

size_cases() {
    local body
    body=$(lines 70 '    f("}");')
    case_of src/core/x.cpp "$(lines 401 'int x;')" sizes 'src/core/x.cpp:401:'
    case_of src/core/x.cpp "// $(printf 'ä%.0s' {1..98})" sizes 'src/core/x.cpp:1:'
    case_of src/core/x.cpp "void f() {
$body
}" sizes 'src/core/x.cpp:1: function of 72 lines'
    case_of src/core/x.cpp "namespace a {
struct [[nodiscard(\"x\")]] s : t<int> {
public:
    template <class T = int>
    s(T x) : a_{x}, b_(x) {
$body
    }
};
}" sizes 'src/core/x.cpp:4: function of 73 lines'
    case_of src/core/x.cpp "bool operator==(a x, a y) {
$body
}" sizes 'src/core/x.cpp:1: function'
    case_of src/core/x.cpp "constexpr auto f = [](int x) {
$body
};" sizes 'src/core/x.cpp:1: function'
    case_of src/core/x.cpp 'void f() {' sizes 'src/core/x.cpp:1: braces'

    good_tree
    printf '%s\n' 'struct s {' "$body" '};' 'constexpr row rows[] = {' "$body" '};' \
        'void g();' "// $(printf 'ä%.0s' {1..97})" >"$tree/src/core/x.cpp"
    passes sizes
}

document_cases() {
    local word
    for word in TO''DO FIX''ME X''XX HA''CK 'not'' implemented'; do
        case_of tests/x.cpp "// $word: more" unfinished 'tests/x.cpp:1:'
    done
    good_tree
    echo stale >>"$tree/docs/ops.md"
    refuses docs_current 'docs/ops.md:1:' "$scratch/generator"
    refuses docs_current 'its generator failed' false

    good_tree
    sed -i '/^| D7 /d' "$tree/docs/coverage.md"
    refuses coverage 'no row for D7'
    good_tree
    rm "$tree/docs/coverage.md"
    refuses coverage 'docs/coverage.md:1: missing'
    local row
    for row in 'E1 | twice | not yet | not yet' 'E108 | unknown | not yet | not yet' \
        'A1 | no such file | rondo/op/z.hpp | not yet' 'A1 | no file at all | yes | not yet' \
        'A1 | too few | not yet'; do
        good_tree
        [[ $row != A1* ]] || sed -i '/^| A1 /d' "$tree/docs/coverage.md"
        echo "| $row |" >>"$tree/docs/coverage.md"
        refuses coverage 'docs/coverage.md:16'
    done
}

header_cases() {
    good_tree
    good_header 'inline std::size_t x() { return 0; }' >"$tree/include/rondo/core/x.hpp"
    refuses self_sufficient 'include/rondo/core/x.hpp:1: does not compile alone' "${compiler[@]}"
    good_tree
    echo 'inline int x() { return 0; }' >"$tree/include/rondo/core/x.hpp"
    refuses self_sufficient 'include/rondo/core/x.hpp:1: does not compile alone' "${compiler[@]}"
}

# The scripts that run the crash and compile-fail programs, on programs of either kind.
runs() {
    local wanted=$1 output status
    shift
    output=$(bash "$@" 2>&1)
    status=$?
    ((status == wanted)) || report "status $status instead of $wanted of: $*" "$output"
}

runner_cases() {
    local crash=$tidy/../run_crash.sh refused=$tidy/../run_compile_fail.sh
    local program=$scratch/program source=$scratch/source.cpp
    touch "$program"
    chmod +x "$program"
    echo '// expect: bad (thing|deed)' >"$source"
    printf '#!/bin/sh\necho bad deed; kill -ABRT $$\n' >"$program"
    runs 0 "$crash" "$program" "$source"
    printf '#!/bin/sh\necho good deed; kill -ABRT $$\n' >"$program"
    runs 1 "$crash" "$program" "$source"
    printf '#!/bin/sh\necho bad deed; exit 1\n' >"$program"
    runs 1 "$crash" "$program" "$source"
    printf '#!/bin/sh\necho bad deed; kill -SEGV $$\n' >"$program"
    runs 1 "$crash" "$program" "$source"
    printf '#!/bin/sh\nexit 77\n' >"$program"
    runs 77 "$crash" "$program" "$source"

    printf '%s\n' '// expect: four bytes' '#ifndef RONDO_MUST_COMPILE' \
        'static_assert(false, "four bytes");' '#endif' >"$source"
    runs 0 "$refused" "$source" "${compiler[@]}"
    sed -i 's/expect: four/expect: five/' "$source"
    runs 1 "$refused" "$source" "${compiler[@]}"
    printf '// expect: four bytes\n' >"$source"
    runs 1 "$refused" "$source" "${compiler[@]}"
    printf '// expect: four bytes\nstatic_assert(false, "four bytes");\n' >"$source"
    runs 1 "$refused" "$source" "${compiler[@]}"
    printf 'static_assert(false, "four bytes");\n' >"$source"
    runs 1 "$refused" "$source" "${compiler[@]}"
}

printf '#!/bin/sh\necho generated\n' >"$scratch/generator"
chmod +x "$scratch/generator"
good_trees
layering_cases
include_cases
size_cases
document_cases
header_cases
runner_cases
((faults == 0))
