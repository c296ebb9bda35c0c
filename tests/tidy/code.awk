# code.awk: C++ as code only. Comments and the insides of string and character literals are
# dropped, lines stay where they are. With -v keep_includes=1, #include lines stay whole.
#
# State between lines: "code", "comment" (/* */) or "raw" (inside R"x(...)x", ended by `closer`).
BEGIN { state = "code" }
FNR == 1 { state = "code" }

function skip_quoted(line, at, quote,    c) {
    for (++at; at <= length(line); ++at) {
        c = substr(line, at, 1)
        if (c == "\\") { ++at; continue }
        if (c == quote) return at + 1
    }
    return length(line) + 1
}

# The place after `what` in line, looked for from `at`; 0 when it is not there.
function after(line, at, what,    place) {
    place = index(substr(line, at), what)
    return place ? at + place - 1 + length(what) : 0
}

function code_of(line,    at, c, two, out, next_at, open_at, before) {
    out = ""
    at = 1
    while (at <= length(line)) {
        if (state != "code") {
            next_at = after(line, at, state == "comment" ? "*/" : closer)
            if (!next_at) return out
            state = "code"
            at = next_at
            continue
        }
        c = substr(line, at, 1)
        two = substr(line, at, 2)
        before = substr(out, length(out), 1)
        if (two == "//") return out
        if (two == "/*") { state = "comment"; at += 2; continue }
        if (c == "\"" && before == "R") {
            open_at = after(line, at, "(")
            closer = ")" substr(line, at + 1, open_at - at - 2) "\""
            state = "raw"
            at = open_at
            out = out "\"\""
            continue
        }
        # An apostrophe after a digit or letter separates digits (or follows u8, L and the like,
        # where taking the literal apart does no harm to what is looked for here).
        if (c == "\"" || (c == "'" && before !~ /[0-9A-Za-z]/)) {
            at = skip_quoted(line, at, c)
            out = out c c
            continue
        }
        out = out c
        ++at
    }
    return out
}

keep_includes && state == "code" && /^[ \t]*#[ \t]*include/ { emit($0); next }
{ emit(code_of($0)) }
