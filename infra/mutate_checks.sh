#!/usr/bin/env bash
# Removes each check of the SAML verifier in turn (infra/mutate_checks.txt), runs the tests of stoa-saml, and writes which
# of them noticed to docs/mutation.md: infra/mutate_checks.sh [only the checks whose name has this in it]
# Works on a copy of HEAD, in half an hour, and goes on where it was stopped while the crate is the same. The property
# tests and the work ratios sit out: they would only blur the names.
set -euo pipefail
cd "$(dirname "$0")/.."

only=${1:-}
list=$PWD/infra/mutate_checks.txt
report=$PWD/docs/mutation.md
commit=$(git log -1 --format=%h --abbrev=12 -- crates/stoa-saml)
# A folder of its own: in one that others use, cargo would take what was built here for theirs.
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/target/mutants} CARGO_TERM_COLOR=never RUST_BACKTRACE=0

rows=$CARGO_TARGET_DIR/mutation-$commit.rows
mkdir -p "$CARGO_TARGET_DIR"
touch "$rows"

copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
# Without the commit's times (-m): a copy older than the last build is not built at all.
git archive HEAD | tar -xm -C "$copy"
sources=$copy/crates/stoa-saml/src
cp -r "$sources" "$copy/sound"

run_tests() {
    (cd "$copy" && timeout 600 cargo test --offline -p stoa-saml --features idp --test it \
        --config 'profile.dev.package.stoa-saml.opt-level=1' -- --skip mutated:: --skip hostile_work::) 2>&1
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

wanted() { [ -n "$name" ] && [[ $name == *"$only"* ]] && { [ -n "$only" ] || ! grep -qF "| $name |" "$rows"; }; }

try() {
    wanted || return 0
    local result
    if [ -n "$stale" ]; then
        result="**STALE**: the text is not there exactly once"
    else
        result=$(verdict "$(run_tests || true)")
        # Twice, so that no build that was taken for fresh passes for a gap.
        [[ $result != "**SURVIVED**" ]] || { touch "$sources"/*.rs; result=$(verdict "$(run_tests || true)"); }
    fi
    echo "$name: $result"
    [ -n "$only" ] || printf '| %s | %s | %s |\n' "$name" "\`$file\`" "$result" >>"$rows"
    rm -r "$sources" && cp -r "$copy/sound" "$sources"
}

grep -q '^test result: ok' <<<"$(run_tests)" || { echo "infra/mutate_checks.sh: the tests fail without any change" >&2; exit 1; }
name="" file="" find="" with="" stale=""
edit() {
    [ -n "$find" ] || return 0
    if wanted; then replace "$sources/$file" "$find" "$with" || stale=1; fi
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

[ -z "$only" ] || exit 0
{
    cat <<PAGE
# Each check removed in turn

Made by \`infra/mutate_checks.sh\` at $commit: $(grep -c . "$rows") checks of \`crates/stoa-saml\`, of which
$(grep -c 'SURVIVED' "$rows" || true) were missed by every test. The removal itself is in \`infra/mutate_checks.txt\`.

| check | file | tests that turned red |
|---|---|---|
PAGE
    cat "$rows"
} >"$report"
