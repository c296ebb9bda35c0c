#!/usr/bin/env bash
# run.sh MODEL[.N[.SCENARIO]] [MUTANT]: has SPIN look at every state of MODEL.pml, of N slots, in
# the named one of its scenarios, and prints one line. Without MUTANT it passes when all is well:
# no assertion fails, no thread is stuck, no loop goes on for ever. With MUTANT, a name after
# MUTANT_ in the model, it passes when SPIN finds the damage. Exit status 77, skipped, without spin
# or a compiler for what it writes.
set -uo pipefail
here=$(cd -- "${BASH_SOURCE[0]%/*}" && pwd)
name=$1 mutant=${2:-}
IFS=. read -r model slots scenario <<<"$name"

for tool in spin "${CC:=gcc}"; do
    command -v "$tool" >/dev/null || {
        echo "skipped: no $tool here"
        exit 77
    }
done
scratch=$(mktemp -d) || exit 1
trap 'rm -rf -- "$scratch"' EXIT
cd -- "$scratch" || exit 1

defines=("-I$here")
[[ -z $slots ]] || defines+=("-DSLOTS=$slots")
[[ -z $scenario ]] || defines+=("-DSCENARIO_$scenario")
[[ -z $mutant ]] || defines+=("-DMUTANT_$mutant")
if [[ -n $mutant ]] && ! grep -Eqs "MUTANT_$mutant\>" "$here"/*.pml; then
    echo "$name: no mutant $mutant"
    exit 1
fi

# look FLAG-OF-CC FLAGS-OF-PAN...: one search; its verdict in $errors and its sizes in $figures.
look() {
    local flag=$1
    shift
    "$CC" -O0 -w -DCOLLAPSE -DVECTORSZ=2048 -DMEMLIM=2000 "$flag" -o pan pan.c &&
        ./pan -m100000 -w22 "$@" >pan.out 2>&1
    errors=$(sed -n 's/.*errors: \([0-9]*\).*/\1/p' pan.out)
    figures=$(awk '/states, stored/ { n = $1 } /elapsed time/ { t = $4 }
        END { print n + 0, "states,", t + 0, "s" }' pan.out)
    if [[ -z $errors ]] || { ((errors == 0)) && grep -qi 'not completed\|too small' pan.out; }; then
        cat pan.out
        echo "$name: the search did not come to its end"
        exit 1
    fi
}

# The inlines are Promela's own; what cpp must not do is warn of apostrophes in comments.
if ! spin -P"cpp -w -undef ${defines[*]}" -a "$here/$model.pml" >spin.out 2>&1; then
    cat spin.out
    echo "$name: spin does not understand the model"
    exit 1
fi
look -DSAFETY
safety=$figures
loops="not looked for"
# It is thrice the work: the scenarios of up to this many states go through all the same steps.
if ((errors == 0 && ${figures%% *} < 1000000)); then
    look -DNP -l
    loops="none in $figures"
fi
if [[ -z $mutant ]]; then
    if ((errors != 0)); then
        spin -P"cpp -w -undef ${defines[*]}" -t -p -g -l "$here/$model.pml" 2>&1 | tail -n 300
        cat pan.out
        echo "$name: $(grep -m1 '^pan:' pan.out)"
        exit 1
    fi
    echo "$name: nothing wrong in $safety; loops without end: $loops"
elif ((errors == 0)); then
    echo "$name: mutant $mutant was not found out in $safety"
    exit 1
else
    echo "$name: mutant $mutant found out: $(grep -m1 '^pan:' pan.out) ($figures)"
fi
