# shellcheck shell=bash
# Sourced by the tests of the examples: NAME.sh PROGRAM ENGINE. They run in an empty directory.
set -euo pipefail
export LC_ALL=C
program=$(readlink -f -- "$1") engine=$2 # kernel, or emulated where io_uring is forbidden
scratch=$(mktemp -d)
server=''

clean_up() {
    if [[ -n $server ]]; then
        kill -KILL "$server" && wait "$server" || true
    fi 2>/dev/null
    ! declare -F more_clean_up >/dev/null || more_clean_up
    rm -rf "$scratch"
}
trap clean_up EXIT
cd "$scratch"

fail() {
    [[ ! -s printed ]] || sed 's/^/the server: /' printed | tail -n 20 >&2
    printf '%s: line %d: %s\n' "$(basename "$0")" "${BASH_LINENO[$((${#BASH_LINENO[@]} - 2))]}" "$*" >&2
    exit 1
}

skip() {
    printf '%s\n' "$*"
    exit 77
}

# equal WHAT WANTED GOT
equal() {
    [[ $2 == "$3" ]] || fail "$1: wanted '$2', got '$3'"
}

# eventually COMMAND...: it succeeds within fifteen seconds.
eventually() {
    local i
    for ((i = 0; i < 300; i++)); do
        ! "$@" || return 0
        sleep 0.05
    done
    fail "never: $*"
}

# serve COMMAND...: starts a server that prints its address first. Sets $server, its process, $url
# and $port.
serve() {
    : >printed
    "$@" >>printed &
    server=$!
    eventually grep -qs ^http printed
    url=$(sed -n '/^http/{p;q;}' printed)
    port=${url##*:}
    port=${port%/}
}

# descriptors: how many sockets and files here the server has open. Several descriptors of one count
# once: the engine in user space has one more for each operation in flight.
descriptors() {
    find "/proc/$server/fd" \( -lname 'socket:*' -o -lname "$PWD/*" \) -printf '%l\n' |
        sort -u | wc -l
}

is_gone() {
    ! kill -0 "$server" 2>/dev/null
}

# stop_server [SIGNAL]: it exits with 0 and within fifteen seconds.
stop_server() {
    local status=0
    kill "-${1-INT}" "$server"
    eventually is_gone
    wait "$server" || status=$?
    server=''
    equal 'the status of the server' 0 "$status"
}

# raw FORMAT [ARGUMENTS...]: sends what printf makes of them, prints what comes until the server
# closes the connection.
raw() {
    local connection
    exec {connection}<>"/dev/tcp/127.0.0.1/$port"
    # shellcheck disable=SC2059
    printf "$@" >&"$connection" 2>/dev/null || true
    timeout 20 cat <&"$connection" || fail "no end of the connection after: $1"
    exec {connection}>&-
}

# status_of FORMAT [ARGUMENTS...]: the status of the first answer to them.
status_of() {
    raw "$@" | sed -n '1s|^HTTP/1.1 \([0-9]*\).*|\1|p'
}
