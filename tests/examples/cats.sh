# shellcheck shell=bash
# Sourced by the tests of both cats, after common.sh.

head -c 5000001 /dev/urandom >big
head -c 4096 /dev/urandom >block
printf x >small
: >empty
"$program" big empty small block big | cmp - <(cat big empty small block big) || fail 'several files'
equal 'nothing to print' '' "$("$program" empty)"
"$program" && "$program" big >/dev/null || fail 'not 0 when all is well'
! "$program" small nothing >got 2>error || fail 'a file that is not there'
equal 'what comes before the failure' x "$(cat got)"
grep -q 'nothing: open.*: No such file or directory' error || fail "not said: $(cat error)"
! "$program" . >got 2>error || fail 'a folder'
! "$program" big >/dev/full 2>error || fail 'a full disk'
grep -q 'No space left' error || fail "not said: $(cat error)"
! "$program" big 2>error | head -c 1 >got || fail 'a reader that has gone'

if ((EUID == 0)) && command -v losetup >/dev/null; then
    head -c 3145728 big >disk
    if device=$(losetup -f --show disk 2>/dev/null); then
        more_clean_up() { losetup -d "$device"; }
        "$program" "$device" small | cmp - <(cat disk small) || fail 'a block device'
    fi
fi
