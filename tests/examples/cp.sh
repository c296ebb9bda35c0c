#!/usr/bin/env bash
# cp.sh PROGRAM ENGINE
source "$(dirname -- "${BASH_SOURCE[0]}")/common.sh"

head -c 20000001 /dev/urandom >big
head -c 65536 /dev/urandom >block
printf x >small
: >empty
for way in '' --stdio; do
    for name in big block small empty; do
        "$program" $way "$name" copy || fail "$way $name"
        cmp "$name" copy || fail "$way $name differs" # also after one that was longer
    done
    ! "$program" $way nothing copy 2>error || fail 'a file that is not there'
    grep -q 'nothing: .*No such file or directory' error || fail "not said: $(cat error)"
    ! "$program" $way . copy 2>error || fail 'a folder'
    ! "$program" $way big no/copy 2>error || fail 'to a folder that is not there'
    ln -f big same
    ! "$program" $way big same 2>error || fail 'a file to itself'
    equal 'the size after that' 20000001 "$(stat -c %s big)"
    ! "$program" $way big /dev/full 2>error || fail 'to a full disk'
    grep -q 'No space left' error || fail "not said: $(cat error)"
done
cmp empty copy || fail 'failures left something behind'
chmod 750 small
(umask 022 && "$program" small mode)
equal 'the mode' 750 "$(stat -c %a mode)"
"$program" && fail 'no arguments'
"$program" --else a b && fail 'an option that is none'

"$program" --compare big copy >times
cmp big copy || fail 'compared, and differs'
grep -qE '^ring +median +[0-9.]+ ms' times || fail 'no time of the ring'
grep -qE '^stdio +median +[0-9.]+ ms' times || fail 'no time of stdio'
cat times

# A file that becomes shorter and longer while it is copied: no more can be asked than an end.
(for ((i = 0; i < 50; i++)); do truncate -s $((i % 2 * 9000000)) moving; done) &
for ((i = 0; i < 10; i++)); do "$program" moving copy 2>error || grep -q 'No such' error || fail "$(cat error)"; done
wait

if ((EUID == 0)) && command -v losetup >/dev/null; then
    head -c 3145728 big >disk
    if device=$(losetup -f --show disk 2>/dev/null); then
        more_clean_up() { losetup -d "$device"; }
        "$program" "$device" copy
        cmp disk copy || fail 'from a block device'
        head -c 1000000 big >part
        "$program" part "$device"
        sync "$device"
        cmp "$device" <(cat part; tail -c +1000001 disk) || fail 'to a block device'
    fi
fi
