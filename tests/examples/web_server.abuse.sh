#!/usr/bin/env bash
# web_server.abuse.sh PROGRAM ENGINE: clients that are wrong, slow or gone, by plain sockets.
source "$(dirname -- "${BASH_SOURCE[0]}")/common.sh"

mkdir public
echo hello >public/index.html
head -c 30000000 /dev/zero >public/big
serve "$program" public 0 2
files=$(descriptors)
end='Host: a\r\nConnection: close\r\n\r\n'
still_serves() {
    equal "after $*" 200 "$(status_of "GET / HTTP/1.1\r\n$end")"
}

for request in 'nonsense\r\n\r\n' '\r\n\r\n \r\n\r\n' 'GET\r\n\r\n' 'GET /\x01 HTTP/1.1\r\n\r\n' \
    'GET / HTTP/1.1\r\nHost a\r\n\r\n' 'GET / HTTP/x.1\r\nHost: a\r\n\r\n' \
    'GET /%%00 HTTP/1.1\r\n'"$end" 'GET /%%zz HTTP/1.1\r\n'"$end" 'GET /%%2 HTTP/1.1\r\n'"$end" \
    'GET / HTTP/1.1\r\nConnection: close\r\n\r\n' 'GET / HTTP/1.1\r\nHost: b\r\n'"$end" \
    'GET / HTTP/1.1\r\nContent-Length: x\r\n'"$end" 'GET / HTTP/1.1\r\nContent-Length: -1\r\n'"$end" \
    'GET / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n'"$end" \
    'GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n'"$end"'zz\r\n' \
    'GET index.html HTTP/1.1\r\n'"$end" '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'; do
    answer=$(status_of "$request")
    [[ $answer == 400 || $answer == 501 ]] || fail "answered '$answer' to: $request"
    still_serves "$request"
done
equal 'a version to come' 505 "$(status_of "GET / HTTP/2.0\r\n$end")"
equal 'a version of old' 505 "$(status_of 'GET /\r\n\r\n')"
equal 'a proxy for others' 405 "$(status_of "CONNECT a:80 HTTP/1.1\r\n$end")"
equal 'the options of all' 405 "$(status_of "OPTIONS * HTTP/1.1\r\n$end")"
equal 'the whole of an address' 200 "$(status_of "GET http://a/ HTTP/1.1\r\n$end")"
equal 'slashes' 200 "$(status_of "GET ////index.html HTTP/1.1\r\n$end")"
equal 'an upgrade that is not wanted' 200 \
    "$(status_of "GET / HTTP/1.1\r\nUpgrade: websocket\r\nConnection: upgrade, close\r\nHost: a\r\n\r\n")"

# Requests that do not wait for answers are answered in order, and no more after the last.
get='GET / HTTP/1.1\r\nHost: a\r\n\r\n'
answers=$(raw "$get${get/GET/HEAD}${get/ \/ / \/nothing }GET / HTTP/1.1\r\n$end$get")
equal 'answers to four requests' '200 200 404 200 ' \
    "$(sed -n 's|^HTTP/1.1 \([0-9]*\).*|\1|p' <<<"$answers" | tr '\n' ' ')"
equal 'bodies of three' 2 "$(grep -c '^hello' <<<"$answers")"
many=$(for ((i = 0; i < 300; i++)); do printf %s "$get"; done)
equal 'answers to three hundred' 301 "$(raw "${many}GET / HTTP/1.1\r\n$end" | grep -c ^HTTP)"

# A byte at a time is slow, but in time.
in_pieces() {
    local connection text=$'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n' i
    exec {connection}<>"/dev/tcp/127.0.0.1/$port"
    for ((i = 0; i < ${#text}; i++)); do printf %s "${text:i:1}" >&"$connection"; done
    timeout 10 cat <&"$connection"
}
in_pieces | grep -q ^hello || fail 'a request in pieces'

# Gone before, amid and after the request; and amid the answer, which resets the connection.
for text in '' 'GET / HT' 'GET /big HTTP/1.1\r\nHost: a\r\n\r\n'; do
    for ((i = 0; i < 20; i++)); do
        exec {connection}<>"/dev/tcp/127.0.0.1/$port"
        # shellcheck disable=SC2059
        printf "$text" >&"$connection"
        exec {connection}>&-
    done
    still_serves "clients that left after '$text'"
done

# took FROM TO SECONDS: between them.
took() {
    (($3 >= $1 && $3 <= $2)) || fail "took $3 seconds, not $1 to $2"
}
begin=$SECONDS
equal 'the end of an idle connection' '' "$(raw '')"
took 1 8 $((SECONDS - begin))
begin=$SECONDS
equal 'half a request' 408 "$(status_of 'GET / HTTP/1.1\r\nHost: ')"
took 1 8 $((SECONDS - begin))

# A header now and then does not help.
begin=$SECONDS
exec {slow}<>"/dev/tcp/127.0.0.1/$port"
printf 'GET / HTTP/1.1\r\n' >&"$slow"
while printf 'A: b\r\n' >&"$slow" && ((SECONDS - begin < 15)); do
    read -r -t 0.3 -u "$slow" line && break
done 2>/dev/null
[[ ${line-} == *' 408 '* ]] || fail 'a request without end is not ended'
exec {slow}>&-

# Nor does reading nothing of what one has asked for.
exec {slow}<>"/dev/tcp/127.0.0.1/$port"
printf 'GET /big HTTP/1.1\r\nHost: a\r\n\r\n' >&"$slow"
is_sending() { find "/proc/$server/fd" -lname "$PWD/public/big" | grep -q .; }
has_given_up() { ! is_sending; }
eventually is_sending
eventually has_given_up
exec {slow}>&-

all_are_closed() { (($(descriptors) <= files)); }
eventually all_are_closed
still_serves 'all this'

# What has begun and does not come to its end holds up neither others nor the end.
for ((i = 0; i < 40; i++)); do
    exec {connection}<>"/dev/tcp/127.0.0.1/$port"
    printf 'GET / HT' >&"$connection"
done
still_serves 'forty that have begun'
stop_server INT
