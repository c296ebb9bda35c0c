#!/usr/bin/env bash
# http_hello.sh PROGRAM ENGINE
source "$(dirname -- "${BASH_SOURCE[0]}")/common.sh"
command -v curl >/dev/null || skip 'no curl'
curl() { command curl -sS --max-time 30 "$@"; }

serve "$program" 0
equal 'the greeting' 'hello io_uring!' "$(curl "$url")"
files=$(descriptors)
equal 'connections for three requests' '1 0 0 ' "$(curl -o got -w '%{num_connects} ' "$url" \
    -o got "${url}a" -o got -d body "$url")"
equal 'HTTP/1.0' '1 1 ' "$(curl -0 -o got -w '%{num_connects} ' "$url" -o got "$url")"

for ((i = 0; i < 40; i++)); do printf 'url = %s\noutput = got.%d\n' "$url" "$i"; done >many
curl --parallel --parallel-immediate --parallel-max 40 -K many 2>/dev/null
for ((i = 0; i < 40; i++)); do
    equal 'one of forty at once' 'hello io_uring!' "$(cat "got.$i")"
done

for request in 'nonsense\r\n\r\n' 'GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n' '\x16\x03\x01\x02'; do
    equal "the answer to $request" 400 "$(status_of "$request")"
    equal 'the greeting after that' 'hello io_uring!' "$(curl "$url")"
done
get='GET / HTTP/1.1\r\n\r\n'
equal 'answers to three in a row' 3 \
    "$(raw "$get${get}GET / HTTP/1.1\r\nConnection: close\r\n\r\n" | grep -c '^HTTP/1.1 200')"
for text in '' 'GET / HT' "$get"; do
    for ((i = 0; i < 10; i++)); do
        exec {connection}<>"/dev/tcp/127.0.0.1/$port"
        # shellcheck disable=SC2059
        printf "$text" >&"$connection"
        exec {connection}>&-
    done
done
equal 'the greeting after those that left' 'hello io_uring!' "$(curl "$url")"

all_are_closed() { (($(descriptors) <= files)); }
eventually all_are_closed

# The end does not wait for a client that says nothing.
exec {connection}<>"/dev/tcp/127.0.0.1/$port"
printf '%s' $'GET / HTTP/1.1\r\n\r\n' >&"$connection"
read -r -t 10 -u "$connection" line
[[ $line == 'HTTP/1.1 200 OK'* ]] || fail "the answer '$line'"
begin=$SECONDS
stop_server INT
((SECONDS - begin <= 4)) || fail "the end took $((SECONDS - begin)) seconds"
command curl -s "$url" && fail 'it still listens'

# Four that say nothing hold up the rest no longer than their deadline.
serve "$program" 0 4
begin=$SECONDS
silent=()
for ((i = 0; i < 4; i++)); do
    exec {connection}<>"/dev/tcp/127.0.0.1/$port"
    silent+=("$connection")
done
equal 'the greeting after their deadline' 'hello io_uring!' "$(curl "$url")"
((SECONDS - begin >= 3 && SECONDS - begin < 25)) || fail "after $((SECONDS - begin)) seconds"
for connection in "${silent[@]}"; do exec {connection}>&-; done
stop_server TERM

"$program" 65536 && fail 'a port that is none'
exit 0
