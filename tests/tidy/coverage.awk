# Reports rows of docs/coverage.md that are missing, doubled or unknown, and prints
# "line<TAB>path" for every path named in a row, for the caller to look up.
BEGIN {
    FS = "|"
    split("A 19 B 9 C 5 D 22 E 107", group, " ")
    for (i = 1; i < 10; i += 2)
        for (n = 1; n <= group[i + 1]; ++n) wanted[group[i] n] = 1
}

function fault(line, what) { print FILENAME ":" line ": " what }

# A cell names at least one path, or says "not yet".
function look_up(cell, column,    words, count, k, found) {
    gsub(/[`,;]/, " ", cell)
    count = split(cell, words, " ")
    for (k = 1; k <= count; ++k) {
        if (words[k] !~ /\// && words[k] !~ /\.[hc]pp$/) continue
        sub(/[:#].*/, "", words[k])
        print FNR "\t" words[k]
        found = 1
    }
    if (!found && cell !~ /not yet/) fault(FNR, "the " column " column names no file")
}

/^\|[ \t]*[A-Z][0-9]+[ \t]*\|/ {
    id = $2
    gsub(/[ \t]/, "", id)
    if (!(id in wanted)) fault(FNR, id " is not a row of the requirements")
    if (seen[id]++) fault(FNR, id " has more than one row")
    if (NF != 6) { fault(FNR, id " has " NF - 2 " columns, expected 4"); next }
    if ($3 !~ /[A-Za-z]/) fault(FNR, id " does not say what it is")
    look_up($4, "header")
    look_up($5, "test")
}

END {
    for (i = 1; i < 10; i += 2)
        for (n = 1; n <= group[i + 1]; ++n)
            if (!seen[group[i] n]) fault(1, "no row for " group[i] n)
}
