# Reads ctest's JUnit file and lists the skipped tests with their reasons: the lines that
# GoogleTest prints between "file:line: Skipped" and "[  SKIPPED ]", else the last line printed.
# Exits with 1 when tests ran and every one of them was skipped.

function text(xml) {
    gsub(/&lt;/, "<", xml)
    gsub(/&gt;/, ">", xml)
    gsub(/&quot;/, "\"", xml)
    gsub(/&apos;/, "'", xml)
    gsub(/&amp;/, "\\&", xml)
    return xml
}

function finish_test() {
    ++total
    if (!skipped) return
    ++skips
    if (reason == "") reason = last
    list = list "  " name ": " reason "\n"
}

/<testcase / {
    name = $0
    sub(/.*<testcase name="/, "", name)
    sub(/".*/, "", name)
    name = text(name)
    skipped = in_reason = 0
    reason = last = ""
}
/<skipped/ { skipped = 1 }
/<\/testcase>/ { finish_test(); next }
/\[  SKIPPED \]/ { in_reason = 0; next }
in_reason && /[^ \t]/ {
    line = text($0)
    sub(/^[ \t]+/, "", line)
    reason = reason (reason == "" ? "" : " ") line
}
/: Skipped$/ { in_reason = 1 }
/[^ \t]/ && !/^[ \t]*<\// {
    last = text($0)
    sub(/.*<system-out>/, "", last)
    sub(/<\/system-out>.*/, "", last)
}

END {
    if (skips) printf "\n%d of %d tests skipped:\n%s", skips, total, list
    exit total > 0 && skips == total
}
