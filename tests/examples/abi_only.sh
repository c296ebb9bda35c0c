#!/usr/bin/env bash
# abi_only.sh PROGRAM ENGINE: what it writes, or where io_uring is forbidden, that it says so.
source "$(dirname -- "${BASH_SOURCE[0]}")/common.sh"

status=0
"$program" >got 2>error || status=$?
if grep -q '^abi_only: io_uring_setup: ' error; then
    equal 'the status' 1 "$status"
    [[ $engine == emulated ]] || skip "no io_uring here: $(cat error)"
    exit 0
fi
equal 'the status' 0 "$status"
equal 'what it says' 'hello from the other side of the system calls' "$(cat got)"
status=0
"$program" >/dev/full 2>error || status=$?
equal 'the status of a failed write' 1 "$status"
equal 'what it says of it' 'abi_only: write: No space left on device' "$(cat error)"
