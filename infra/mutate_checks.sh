#!/usr/bin/env bash
# Removes each check of the SAML verifier in turn (infra/mutate_checks.txt), runs the tests of stoa-saml, and writes which
# of them noticed to docs/mutation.md: infra/mutate_checks.sh [only the checks whose name has this in it]
# Works on a copy of HEAD, in half an hour. The property tests and the work ratios sit out: they would only blur the names.
set -euo pipefail
cd "$(dirname "$0")/.."

only=${1:-}
list=$PWD/infra/mutate_checks.txt
report=$PWD/docs/mutation.md
commit=$(git describe --always --abbrev=12 --exclude='*')
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/target/mutants} CARGO_TERM_COLOR=never RUST_BACKTRACE=0

copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
git archive HEAD | tar -x -C "$copy"
sources=$copy/crates/stoa-saml/src
cp -r "$sources" "$copy/sound"

run_tests() {
    (cd "$copy" && timeout 600 cargo test --offline -p stoa-saml --features idp --test it \
        --config 'profile.dev.package.stoa-saml.opt-level=0' -- --skip mutated:: --skip hostile_work::) 2>&1
}

# replace FILE FIND WITH: exactly once, whatever the indentation.
replace() {
    FIND=$2 WITH=$3 perl -0777 -i -pe '
        BEGIN { $pattern = join("\\s*\\n\\s*", map { quotemeta } split(/\n/, $ENV{FIND})) }
        $count = s/$pattern/$ENV{WITH}/g;
        END { $? = $count == 1 ? 0 : 3 }' "$1"
}

# Names the failed tests, the first few of many.
verdict() {
    local failed count
    failed=$(sed -n 's/^test \(.*\) \.\.\. FAILED$/\1/p' <<<"$1" | sort)
    count=$(grep -c . <<<"$failed" || true)
    if [ "$count" -gt 0 ]; then
        sed 's/.*/`&`/' <<<"$failed" | head -4 | paste -sd ' ' | tr -d '\n'
        [ "$count" -le 4 ] || printf ' and %d more' $((count - 4))
    elif grep -q '^test result: ok' <<<"$1"; then
        printf '**SURVIVED**'
    elif grep -q '^running' <<<"$1"; then
        printf 'the run died: %s' "$(grep -o 'stack overflow\|SIG[A-Z]*' <<<"$1" | head -1)"
    else
        printf '**DOES NOT COMPILE**'
    fi
}

tried=0 survived=0
try() {
    [ -n "$name" ] && [[ $name == *"$only"* ]] || return 0
    local result
    if [ -n "$stale" ]; then
        result="**STALE**: the text is not there exactly once"
    else
        result=$(verdict "$(run_tests || true)")
    fi
    tried=$((tried + 1))
    [[ $result != "**SURVIVED**" ]] || survived=$((survived + 1))
    echo "$name: $result"
    printf '| %s | %s | %s |\n' "$name" "\`$file\`" "$result" >>"$report.rows"
    rm -r "$sources" && cp -r "$copy/sound" "$sources"
}

grep -q '^test result: ok' <<<"$(run_tests)" || { echo "infra/mutate_checks.sh: the tests fail without any change" >&2; exit 1; }
: >"$report.rows"
name="" file="" find="" with="" stale=""
edit() {
    [ -n "$find" ] || return 0
    if [ -n "$name" ] && [[ $name == *"$only"* ]]; then replace "$sources/$file" "$find" "$with" || stale=1; fi
    find="" with=""
}
while IFS= read -r line || [ -n "$line" ]; do
    case $line in
        '#'*) ;;
        '['*']') edit; try; name=${line:1:-1} stale="" ;;
        '@ '*) edit; try; name="" file=${line:2} ;;
        '- '*) [ -z "$with" ] || edit; find+=${find:+$'\n'}${line:2} ;;
        '+'*) with=${line:2}; with=${with:- } ;;
    esac
done <"$list"
edit; try

[ -z "$only" ] || { rm "$report.rows"; exit 0; }
{
    cat <<PAGE
# Each check removed in turn

Made by \`infra/mutate_checks.sh\` at $commit: $tried checks of \`crates/stoa-saml\`, of which $survived were missed by
every test. The removal itself is in \`infra/mutate_checks.txt\`.

| check | file | tests that turned red |
|---|---|---|
PAGE
    cat "$report.rows"
} >"$report"
rm "$report.rows"
