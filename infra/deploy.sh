#!/usr/bin/env bash
# Builds and deploys one stage: infra/deploy.sh dev|prod [further sam deploy options]
# The parameters are in infra/parameters/<stage>.yaml, stack and region in samconfig.toml. The only way to deploy: a bare
# `sam deploy` is refused by the template, since without a build of its own it would publish nothing.
set -euo pipefail
cd "$(dirname "$0")/.."

fail() {
    echo "infra/deploy.sh: $1" >&2
    exit 1
}

usage="usage: infra/deploy.sh dev|prod [sam deploy options]"
stage=${1:-}
[[ -n $stage && $stage != -* ]] || fail "$usage"
shift
parameters="infra/parameters/$stage.yaml"
[ -f "$parameters" ] || fail "no $parameters; $usage"
for option in "$@"; do
    # They would replace the file and the build, not add to them.
    case $option in --parameter-overrides*) fail "put parameters into $parameters" ;; esac
done

revision=$(git describe --always --abbrev=12 --exclude='*' --dirty)
[[ $stage != prod || $revision != *-dirty ]] || fail "production is deployed from a commit: there are uncommitted changes"

infra/install.sh --build-only >/dev/null
export PATH="$PWD/.venv/bin:$PATH" SAM_CLI_TELEMETRY=0

# SAM ends the logical ids of versions in the first ten characters, so that each deploy publishes, even where only a
# parameter changed: eight are the second, two the revision.
build="$(printf '%08x' "$(date -u +%s)")${revision:0:2}-$revision"
# The build needs the parameters too: Architecture decides what is compiled.
sam build --config-env "$stage" --parameter-overrides "file://$parameters" "Build=$build"

# The machine of an ELF file is the byte at 18: 3e is x86_64, b7 is arm64.
wanted=3e
! grep -qE '^Architecture: *arm64' "$parameters" || wanted=b7
for bootstrap in .aws-sam/build/*/bootstrap; do
    [ "$(od -An -tx1 -j18 -N1 "$bootstrap" | tr -d ' ')" = "$wanted" ] || fail "$bootstrap is not built for Architecture of $parameters"
done

sam deploy --config-env "$stage" --parameter-overrides "file://$parameters" "Build=$build" "$@"
# As samconfig.toml has them.
setting() {
    awk -v section="[$stage.global.parameters]" -v name="$1" \
        '$0 == section { here = 1; next } /^\[/ { here = 0 } here && $1 == name { gsub(/"/, "", $3); print $3 }' samconfig.toml
}
python3 infra/protect_stack.py "$(setting stack_name)" "$(setting region)" "$stage"
echo "deployed $build"
