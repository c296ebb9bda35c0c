#!/usr/bin/env bash
# web_server.crowd.sh PROGRAM ENGINE: more clients than the server may have descriptors.
source "$(dirname -- "${BASH_SOURCE[0]}")/common.sh"

mkdir public
echo hello >public/index.html
with_few_descriptors() {
    ulimit -n 40
    exec "$program" public 0 2
}
serve with_few_descriptors
# Two rounds of these say nothing until they are closed; then there is room.
for ((i = 0; i < 60; i++)); do exec {connection}<>"/dev/tcp/127.0.0.1/$port"; done
is_served() {
    [[ $(status_of 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n') == 200 ]]
}
eventually is_served
stop_server TERM
