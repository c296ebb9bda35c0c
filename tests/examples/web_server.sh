#!/usr/bin/env bash
# web_server.sh PROGRAM ENGINE: requests as they should be, with curl.
source "$(dirname -- "${BASH_SOURCE[0]}")/common.sh"
command -v curl >/dev/null || skip 'no curl'
curl() { command curl -sS --max-time 30 "$@"; }
# status CURL-ARGUMENTS...
status() { curl -o /dev/null -w '%{http_code}' "$@"; }

mkdir -p public/below
echo '<p>first' >public/index.html
echo '<p>second' >public/below/index.html
head -c 3000001 /dev/urandom >public/big.bin
: >public/empty.txt
echo ' %' >'public/a b%'
echo secret >outside
ln -s ../outside public/link-out
ln -s index.html public/link-in
mkfifo public/fifo
serve "$program" public 0 10
files=$(descriptors)

equal 'a folder' "$(cat public/index.html)" "$(curl "$url")"
equal 'a folder below' "$(cat public/below/index.html)" "$(curl "${url}below/")"
equal 'a query does not matter' "$(cat public/index.html)" "$(curl "${url}index.html?a=b/../c")"
equal 'an encoded name' ' %' "$(curl "${url}%61%20b%25")"
equal 'a link within' "$(cat public/index.html)" "$(curl "${url}link-in")"
equal 'an empty file' '200 0' "$(curl -w '%{http_code} %{size_download}' "${url}empty.txt")"
curl "${url}big.bin" | cmp - public/big.bin || fail 'a big file'
curl -0 "${url}big.bin" | cmp - public/big.bin || fail 'a big file by HTTP/1.0'

for name in a.jpg:image/jpeg b.JPEG:image/jpeg c.png:image/png d.gif:image/gif e.htm:text/html \
    f.html:text/html g.js:text/javascript h.css:text/css i.txt:text/plain \
    j.tar.gz:application/octet-stream k:application/octet-stream; do
    echo "$name" >"public/${name%:*}"
    equal "the type of ${name%:*}" "${name#*:} ${#name}" "$(curl -o got \
        -w '%{content_type} ' "${url}${name%:*}")$(($(wc -c <got) - 1))"
done

head_of_get=$(curl -D - -o /dev/null "${url}big.bin" | grep -v ^Date)
equal 'HEAD says what GET does' "$head_of_get" "$(curl -I "${url}big.bin" | grep -v ^Date)"
for line in 'Server: rondo' 'Content-Length: 3000001' 'Connection: keep-alive' \
    'Accept-Ranges: bytes'; do
    grep -q "^$line"$'\r$' <<<"$head_of_get" || fail "no $line"
done
curl -I "$url" | grep -q '^Date: ..., .. ... .... ..:..:.. GMT' || fail 'no date'

equal 'connections for three requests' '1 0 0 ' \
    "$(curl -o got -w '%{num_connects} ' "$url" -o got "${url}big.bin" -o got "${url}nothing")"
equal 'HTTP/1.0 with keep-alive' '1 0 ' "$(curl -0 -H 'Connection: keep-alive' \
    -o got -w '%{num_connects} ' "$url" -o got "$url")"

for path in nothing below link-out fifo %2e%2e/outside below/../../outside index.html/ \
    "$(printf 'n%.0s' {1..300})"; do
    equal "the status of $path" 404 "$(status --path-as-is "$url$path")"
done
curl "${url}nothing" | grep -q '<h1>404 Not Found</h1>' || fail 'no page for 404'
equal 'a POST' '405 Allow: GET, HEAD' "$(curl -D - -o got -w '' -X POST "$url" | tr -d '\r' |
    sed -n '1s|.* \(405\) .*|\1|p; /^Allow/p' | paste -sd ' ')"
equal 'a POST with a body' 405 "$(status --data-binary @public/big.bin "$url")"
equal 'a GET with a body' 200 "$(status -X GET -d body "$url")"
equal 'a GET with a long body' 413 "$(status -X GET --data-binary @public/big.bin "$url")"
equal 'a body in chunks' 200 "$(status -X GET -H 'Transfer-Encoding: chunked' -d body "$url")"
equal 'a method that is none' 501 "$(status -X NONSENSE "$url")"
equal 'a long target' 414 "$(status "$url$(printf 'n%.0s' {1..3000})")"
equal 'long headers' 431 "$(status -H "Long: $(printf 'n%.0s' {1..20000})" "$url")"

# part RANGE FIRST SIZE: what is to come for it.
part() {
    curl -r "$1" "${url}big.bin" | cmp - <(tail -c "+$(($2 + 1))" public/big.bin | head -c "$3") ||
        fail "the range $1"
    equal "the status for $1" "206 $3" \
        "$(curl -r "$1" -o /dev/null -w '%{http_code} %{size_download}' "${url}big.bin")"
}
part 0-0 0 1
part 1000000-1999999 1000000 1000000
part 2999999- 2999999 2
part 2999000-9999999999 2999000 1001
part -10 2999991 10
equal 'a range behind the end' 416 "$(status -r 3000001- "${url}big.bin")"
equal 'no bytes of the end' 416 "$(status -H 'Range: bytes=-0' "${url}big.bin")"
for range in bytes=5-4 bytes=0-1,3-4 bytes=a-b bytes=- lines=1-2 bytes=99999999999999999999999-; do
    equal "the status for $range" 200 "$(status -H "Range: $range" "${url}big.bin")"
done
equal 'a part of another version' 200 "$(status -r 0-0 -H 'If-Range: "x"' "${url}big.bin")"

for ((i = 0; i < 20; i++)); do printf 'url = %sbig.bin\noutput = got.%d\n' "$url" "$i"; done >many
curl --parallel --parallel-immediate --parallel-max 20 -K many 2>/dev/null
for ((i = 0; i < 20; i++)); do cmp public/big.bin "got.$i" || fail 'one of twenty at once'; done

all_are_closed() { (($(descriptors) <= files)); }
eventually all_are_closed

# What has begun comes to its end, what has not is told so.
head -c 20000000 /dev/zero >public/bigger
curl --limit-rate 10M "${url}bigger" -o download 2>download.error &
client=$!
has_begun() { [[ -s download ]]; }
eventually has_begun
exec {idle}<>"/dev/tcp/127.0.0.1/$port"
stop_server INT
wait "$client" || fail "a download did not survive the end of the server: $(cat download.error)"
cmp download public/bigger
[[ -z $(timeout 5 cat <&"$idle") ]] || fail 'an answer to nothing'
command curl -s "$url" && fail 'it still listens'

serve "$program" public 0 10
stop_server TERM
"$program" nowhere 0 && fail 'a root that is not there'
"$program" public 65536 && fail 'a port that is none'
exit 0
