# Reads ctest's JUnit file and tells why tests were skipped, each reason with how many and one of
# them. A reason is what GoogleTest prints between "file:line: Skipped" and "[  SKIPPED ]", else the
# last line printed.
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
    if (!(reason in times)) {
        order[++reasons] = reason
        example[reason] = name
    }
    ++times[reason]
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
    if (skips) printf "\n%d of %d tests skipped:\n", skips, total
    for (i = 1; i <= reasons; ++i)
        printf "  %5d  %s (%s)\n", times[order[i]], order[i], example[order[i]]
    exit total > 0 && skips == total
}
