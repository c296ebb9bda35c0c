# With code.awk: reports functions longer than `limit` lines, from the first line of the signature
# to the closing brace. Lambdas and local classes count towards the function that holds them.
#
# A brace opens a scope (namespace or type, where functions may begin), a function, or something
# inside of either that is of no interest here; which one, the text before it (`head`) says.

function begin_file() {
    end_file()
    file = FILENAME
    depth = parens = in_directive = resume = forced = 0
    head = ""
}

function end_file() {
    if (file != "" && depth != 0) print file ":1: braces do not balance for this counter"
}

# "scope", "function" or "inner".
function kind_of(head,    rest) {
    gsub(/operator[ \t]*[^A-Za-z0-9_ \t(]+/, "operator", head)
    while (sub(/\([^()]*\)/, "@", head)) {}
    while (sub(/<[^<>]*>/, "", head)) {}
    gsub(/\[\[[^\]]*\]\]/, "", head)
    gsub(/alignas[ \t]*@/, "", head)
    if (head ~ /^(inline[ \t]+)?namespace/ || head ~ /^extern[ \t]*""[ \t]*$/) return "scope"
    if (match(head, /(^|[ \t])(class|struct|union|enum)[ \t]/)) {
        rest = substr(head, RSTART + RLENGTH)
        if (rest !~ /[@=]/) return "scope"
    }
    if (match(head, /=/)) return substr(head, RSTART) ~ /^=[ \t]*\[/ ? "function" : "inner"
    return head ~ /@/ ? "function" : "inner"
}

function open_brace(    kind) {
    if (depth > 0 && kinds[depth] != "scope" || parens > 0) kind = "inner"
    else if (forced || head == "" && resume) kind = "function"
    else kind = kind_of(head)
    if (kind == "function" && (forced || resume)) start = resume
    else if (kind == "function") start = head_line
    kinds[++depth] = kind
    outer_parens[depth] = parens
    parens = forced = resume = 0
    head = ""
}

function close_brace() {
    resume = 0
    if (depth > 0 && kinds[depth] == "function") {
        if (FNR - start + 1 > limit)
            print FILENAME ":" start ": function of " FNR - start + 1 " lines, at most " limit
        # A constructor's member initialiser `a_{1}` looks like a body; what follows it tells.
        resume = start
    }
    parens = outer_parens[depth]
    if (depth > 0) --depth
    head = ""
}

function take(c) {
    if (head == "") {
        if (c == " " || c == "\t") return
        head_line = FNR
        forced = resume && c == ","
        if (!forced) resume = 0
    }
    head = head c
    if (c == ":" && head ~ /^(public|private|protected)[ \t]*:$/) head = ""
}

function emit(code,    at, c) {
    if (FILENAME != file) begin_file()
    if (in_directive || code ~ /^[ \t]*#/) {
        in_directive = code ~ /\\$/
        return
    }
    for (at = 1; at <= length(code); ++at) {
        c = substr(code, at, 1)
        if (c == "{") { open_brace(); continue }
        if (c == "}") { close_brace(); continue }
        if (c == "(") ++parens
        if (c == ")") --parens
        if (c == ";" && parens == 0) { head = ""; resume = forced = 0; continue }
        if (depth == 0 || kinds[depth] == "scope") take(c)
    }
    if (head != "") head = head " "
}

END { end_file() }
