#!/usr/bin/env bash
# The logins of the sandbox against another DynamoDB and Secrets Manager than the embedded ones: moto's server. With the
# functions in one process, and with the deployable binaries if `sam build` has made them. Installs nothing: infra/install.sh does.
set -euo pipefail
[ $# -eq 0 ] || { echo "usage: infra/moto-login.sh" >&2; exit 2; }
cd "$(dirname "$0")/.."
export PATH="$PWD/.venv/bin:$PATH"

work=$(mktemp -d)
moto_server -H 127.0.0.1 -p 0 >"$work/moto.log" 2>&1 &
moto=$!
trap 'kill "$moto" 2>/dev/null || true; rm -rf "$work"' EXIT
for _ in $(seq 100); do
    address=$(grep -o 'http://127\.0\.0\.1:[0-9]*' "$work/moto.log" | head -n 1 || true)
    [ -z "$address" ] || break
    sleep 0.3
done
[ -n "$address" ] || { cat "$work/moto.log" >&2; exit 1; }

# `--workspace`, as the tests are built: by itself the SDK would be compiled once more.
cargo build --quiet --locked --workspace --bin stoa-sandbox
sandbox=${CARGO_TARGET_DIR:-target}/debug/stoa-sandbox
"$sandbox" --once --aws "$address"
if [ -x target/lambda/login/bootstrap ]; then
    # Moto forgets nothing by itself, and a pepper is never replaced.
    python3 - "$address" <<'RESET'
import sys, urllib.request
urllib.request.urlopen(urllib.request.Request(sys.argv[1] + "/moto-api/reset", method="POST"))
RESET
    "$sandbox" --once --wire --aws "$address"
fi
