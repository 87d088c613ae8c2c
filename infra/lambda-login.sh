#!/usr/bin/env bash
# One login through `cargo lambda watch` and `cargo lambda invoke --data-file`, step by step, as a developer would.
# The sandbox is AWS, PingFederate and the school; the functions run where cargo-lambda runs them.
set -euo pipefail
[ $# -eq 0 ] || { echo "usage: infra/lambda-login.sh" >&2; exit 2; }
cd "$(dirname "$0")/.."
export PATH="$PWD/.venv/bin:$PATH"

work=$(mktemp -d)
pids=()
stop() {
    local status=$?
    # Whatever went wrong, it is in one of these: a function that does not compile or start says so to `watch`.
    [ "$status" -eq 0 ] || tail -n 60 "$work"/*.log >&2
    for pid in "${pids[@]}"; do kill -INT "$pid" 2>/dev/null || true; done
    for _ in $(seq 50); do
        [ -n "$(jobs -rp)" ] || break
        sleep 0.2
    done
    for pid in $(jobs -rp); do kill -KILL "$pid" 2>/dev/null || true; done
    rm -rf "$work"
}
trap stop EXIT

# wait_for NAME COMMAND…: tries a command for three minutes.
wait_for() {
    local name=$1
    shift
    for _ in $(seq 900); do
        "$@" >/dev/null 2>&1 && return
        sleep 0.2
    done
    echo "$name did not start" >&2
    return 1
}

listens() { (exec 3<>"/dev/tcp/127.0.0.1/$1"); }

stoa=18080 aws=18083 lambda=18090
# The tests' artefacts: another choice of packages would unify other features, and compile everything once more.
cargo build --quiet --workspace --bins --tests --locked
"${CARGO_TARGET_DIR:-target}/debug/stoa-sandbox" --ports "$stoa,18081,18082,$aws" >"$work/sandbox.log" 2>&1 &
pids+=($!)
wait_for sandbox grep -q "Ctrl-C stops everything" "$work/sandbox.log"

# The sandbox knows a function by its access key; `sandbox` may do whatever any of them may.
env AWS_ENDPOINT_URL="http://127.0.0.1:$aws" AWS_REGION=us-east-1 AWS_ACCESS_KEY_ID=sandbox AWS_SECRET_ACCESS_KEY=local \
    STOA_BUILD=cargo-lambda STOA_METRIC_NAMESPACE=stoa/local STOA_PUBLIC_URL="http://stoa.localhost:$stoa" \
    STOA_SECRET_PREFIX=stoa-local \
    STOA_TABLE_CONNECTIONS=stoa-local-connections STOA_TABLE_TRUST=stoa-local-trust \
    STOA_TABLE_LOGINS=stoa-local-logins STOA_TABLE_DIRECTORY=stoa-local-directory \
    cargo lambda watch --locked -A 127.0.0.1 -P "$lambda" -w >"$work/watch.log" 2>&1 &
pids+=($!)
wait_for watch listens "$lambda"

# step FUNCTION [ANSWER]: makes the event that follows an answer, invokes the function, keeps what it returns.
step() {
    local function=$1
    shift
    timeout 60 "${CARGO_TARGET_DIR:-target}/debug/stoa-sandbox" event "$function" --stoa "http://stoa.localhost:$stoa" "$@" \
        >"$work/$function.event.json"
    # The first invocation compiles the function. One that cannot be compiled is never answered, hence the limit.
    timeout 1200 cargo lambda invoke "$function" -A 127.0.0.1 -P "$lambda" --data-file "$work/$function.event.json" \
        >"$work/$function.answer.json" 2>"$work/invoke.log" || { echo "$function did not answer" >&2; return 1; }
    echo "$function: $(python3 -c 'import json, sys; answer = json.load(open(sys.argv[1])); print(answer["statusCode"], answer["headers"].get("location", "").split("?")[0])' "$work/$function.answer.json")"
}

step login
step saml-acs --after "$work/login.answer.json"
step thinkific-launch --after "$work/saml-acs.answer.json"
grep -q '"location": *"http://thinkific.localhost:18082/api/sso/v2/sso/jwt' "$work/thinkific-launch.answer.json" || {
    echo "the login did not end at the school" >&2
    exit 1
}
echo "one login through cargo lambda: ok"
