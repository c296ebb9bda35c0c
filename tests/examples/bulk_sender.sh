#!/usr/bin/env bash
# bulk_sender.sh PROGRAM ENGINE: subscribers that take their messages, and others.
source "$(dirname -- "${BASH_SOURCE[0]}")/common.sh"
command -v curl >/dev/null || skip 'no curl'

# subscribe FILE: until it is killed.
subscribers=()
subscribe() {
    curl -sSNi --max-time 50 "$url" >"$1" 2>"$1.error" &
    subscribers+=("$!")
}
leave() {
    kill "${subscribers[@]}"
    wait "${subscribers[@]}" || true
    subscribers=()
}
# check_messages FILE: its messages follow each other, from whichever it began with.
check_messages() {
    grep -q '^Content-Type: text/event-stream' "$1" || fail "no head: $(cat "$1.error")"
    tr -d . <"$1" | sed -n 's/^data: \([0-9]*\) $/\1/p' >numbers
    awk 'NR > 1 && $1 != last + 1 { exit 1 } { last = $1 }' numbers || fail "$1 has a gap"
}
# has_messages FILE COUNT: so many and more.
has_messages() { (($(messages_of "$1") >= $2)); }
messages_of() { tr -d . <"$1" | grep -c '^data: ' || true; }

serve "$program" 0 100 10
files=$(descriptors)
for ((i = 0; i < 20; i++)); do subscribe "got.$i"; done
to_all() { grep -qE ': 20 subscribers, [2-9][0-9] operations in one submission$' printed; }
eventually to_all
for ((i = 0; i < 20; i++)); do
    eventually has_messages "got.$i" 5
    check_messages "got.$i"
done
leave
all_are_closed() { (($(descriptors) <= files)); }
eventually all_are_closed

# Those that leave at once, and one that never comes to the end of its request.
for ((i = 0; i < 20; i++)); do
    exec {connection}<>"/dev/tcp/127.0.0.1/$port"
    printf 'GET / HTTP/1.1\r\n\r\n' >&"$connection"
    exec {connection}>&-
done
eventually all_are_closed
raw 'x%.0s' {1..10000} | grep -q . && fail 'an answer to no request'
grep -q 'dropped: too talkative' printed || fail 'an endless request is read'
stop_server INT

# A subscriber that takes nothing is dropped, and another does not notice.
serve "$program" 0 100 1000000
subscribe quick
exec {slow}<>"/dev/tcp/127.0.0.1/$port"
printf 'GET / HTTP/1.1\r\n\r\n' >&"$slow"
eventually grep -q 'dropped: slow' printed
eventually has_messages quick $(($(messages_of quick) + 5))
check_messages quick
equal 'how many were slow' 1 "$(grep -c 'dropped: slow' printed)"

# The end does not wait for subscribers.
stop_server TERM
wait "${subscribers[@]}" || true
