#!/usr/bin/env bash
# Builds and deploys one stage: infra/deploy.sh dev|prod [further sam deploy options]
# The parameters are in infra/parameters/<stage>.yaml, stack and region in samconfig.toml and your AWS profile.
set -euo pipefail
cd "$(dirname "$0")/.."

stage=${1:?usage: infra/deploy.sh dev|prod [sam deploy options]}
shift
[ -f "infra/parameters/$stage.yaml" ] || { echo "infra/deploy.sh: no infra/parameters/$stage.yaml" >&2; exit 1; }

infra/install.sh --build-only >/dev/null
export PATH="$PWD/.venv/bin:$PATH" SAM_CLI_TELEMETRY=0

# The minute comes first: SAM ends the logical ids of versions in the first ten characters, so that each deploy
# publishes, even where only a parameter changed.
build="$(date -u +%y%m%d%H%M)-$(git describe --always --abbrev=12 --exclude='*' --dirty)"
sam build --config-env "$stage"
sam deploy --config-env "$stage" --parameter-overrides "file://infra/parameters/$stage.yaml" "Build=$build" "$@"
echo "deployed $build"
