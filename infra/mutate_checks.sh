#!/usr/bin/env bash
# Removes each check of a crate in turn (infra/mutate_checks.txt), runs the crate's tests, and writes which of them
# noticed to docs/mutation.md.
#
# infra/mutate_checks.sh CRATE          the checks that the page has no result of
# infra/mutate_checks.sh CRATE --again  every check, in half an hour and more
# infra/mutate_checks.sh CRATE TEXT     those whose name has this in it; the page is left as it is
#
# CRATE is stoa-saml, stoa-core, stoa-service, stoa-cli or stoa-scim. Works on a copy of HEAD; the page is written at the
# end, also of a run that is stopped, so the next one goes on from there.
set -euo pipefail
cd "$(dirname "$0")/.."

crate=${1:?a crate of infra/mutate_checks.txt} only=${2:-}
report=$PWD/docs/mutation.md again=
[ "$only" != --again ] || { only= again=1; }
commit=$(git log -1 --format=%h --abbrev=12 -- "crates/$crate")
# A folder of its own: in one that others use, cargo would take what was built here for theirs.
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/target/mutants} CARGO_TERM_COLOR=never RUST_BACKTRACE=0

# The same place each time, so that what has not changed is not built again.
copy=$CARGO_TARGET_DIR/copy
rm -rf "$copy" && mkdir -p "$copy"
rows=$(mktemp)
trap 'write_page; rm -rf "$copy" "$rows"' EXIT
# Without the commit's times (-m): a copy older than the last build is not built at all.
git archive HEAD | tar -xm -C "$copy"
sources=$copy/crates/$crate/src
cp -r "$sources" "$copy/sound"
list=$PWD/infra/mutate_checks.txt

# What is run, the quickest first; the next only where nothing was noticed.
case $crate in
    # The property tests and the work ratios sit out: they would only blur the names.
    stoa-saml) commands=(
        "-p stoa-saml --features idp --test it --config profile.dev.package.stoa-saml.opt-level=1
         -- --skip mutated:: --skip hostile_work::"
    ) ;;
    stoa-core) commands=(
        "-p stoa-core --lib"
        "-p stoa-tests --test it -- oidc identity:: shown:: teams:: trust:: workos:: home_realm:: accounts:: roles::
         two_providers:: broken_off:: scim:: --skip chromium"
    ) ;;
    stoa-service) commands=(
        "-p stoa-service --lib -- egress:: edge:: fields:: gateway:: incoming::"
        "-p stoa-tests --test it -- store_faults:: replay:: accounts:: broken_off:: person:: turns::
         forms:: made_up:: oidc_logins:: shown:: oidc:: trust:: trust_rounds:: round_trips:: scim:: uploads::"
        "-p stoa-tests --test it -- workos_directory:: workos_whole:: kept_out:: known_again:: provisioning::"
        "-p stoa-cli --test it -- sites::"
    ) ;;
    stoa-cli) commands=("-p stoa-cli --lib" "-p stoa-cli --test it") ;;
    stoa-scim) commands=("-p stoa-scim -- --skip lawful:: --skip work::") ;;
    *) echo "infra/mutate_checks.sh: no checks of $crate are listed" >&2; exit 2 ;;
esac

run_tests() {
    local command output
    for command in "${commands[@]}"; do
        # Unquoted: a command is a list of words.
        output=$(cd "$copy" && timeout 900 cargo test --locked --offline $command 2>&1) || { echo "$output"; return 1; }
        echo "$output"
    done
}

# The rows that the page has of the crate.
part() {
    awk -v crate="## \`$crate\`" '/^## /{is = ($0 == crate)} is && /^\| / && !/^\| check \|/' "$report"
}

# Writes the crate's part of the page anew, at its end: the checks of the list, each with its last result.
write_page() {
    [ -s "$rows" ] || return 0
    local page name
    page=$(mktemp)
    while IFS= read -r name; do
        cat "$rows" <(part) | grep -m 1 -F "| $name |" || true
    done < <(awk -v crate="= $crate" '/^= /{is = ($0 == crate)} is && /^\[/{print substr($0, 2, length - 2)}' "$list") >"$page"
    cat - "$page" > "$rows" <<PART
## \`$crate\`

$(grep -c . "$page") checks, of which $(grep -c 'SURVIVED' "$page" || true) were missed by every test. The last
column is the commit at which a row was measured.

| check | file | tests that turned red | at |
|---|---|---|---|
PART
    awk -v crate="## \`$crate\`" '/^## /{skip = ($0 == crate)} !skip' "$report" >"$page"
    echo >>"$page"
    # One empty line between two parts, none at the end.
    cat "$page" "$rows" | cat -s | sed -e '${/^$/d}' >"$report"
    rm "$page"
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
    elif grep -q '^error: could not compile' <<<"$1"; then
        printf '**DOES NOT COMPILE**'
    elif [ "$(grep -c '^test result: ok' <<<"$1")" -ge "${#commands[@]}" ]; then
        printf '**SURVIVED**'
    else
        printf 'the run died: %s' "$(grep -o 'stack overflow\|SIG[A-Z]*' <<<"$1" | head -1)"
    fi
}

wanted() {
    [ -n "$name" ] && [ "$listed" = "$crate" ] && [[ $name == *"$only"* ]] &&
        { [ -n "$only$again" ] || ! part | grep -F "| $name |" | grep -qvF '**'; }
}

try() {
    wanted || return 0
    local result
    if [ -n "$stale" ]; then
        result="**STALE**: the text is not there exactly once"
    else
        result=$(verdict "$(run_tests || true)")
        # Twice, so that no build that was taken for fresh passes for a gap.
        [[ $result != "**SURVIVED**" ]] || {
            find "$sources" -name '*.rs' -exec touch {} +
            result=$(verdict "$(run_tests || true)")
        }
    fi
    echo "$name: $result"
    [ -n "$only" ] || printf '| %s | %s | %s | %s |\n' "$name" "\`$file\`" "$result" "$commit" >>"$rows"
    rm -r "$sources" && cp -r "$copy/sound" "$sources"
}

run_tests >"$copy/output" || {
    tail -30 "$copy/output" >&2
    echo "infra/mutate_checks.sh: the tests fail without any change" >&2
    exit 1
}
listed="" name="" file="" find="" with="" stale=""
edit() {
    [ -n "$find" ] || return 0
    if wanted; then replace "$sources/$file" "$find" "$with" || stale=1; fi
    find="" with=""
}
while IFS= read -r line || [ -n "$line" ]; do
    case $line in
        '#'*) ;;
        '= '*) edit; try; name="" listed=${line:2} ;;
        '['*']') edit; try; name=${line:1:-1} stale="" ;;
        '@ '*) edit; try; name="" file=${line:2} ;;
        '- '*) [ -z "$with" ] || edit; find+=${find:+$'\n'}${line:2} ;;
        '+'*) line=${line:2}; with+=${with:+$'\n'}${line:- } ;;
    esac
done <"$list"
edit; try
