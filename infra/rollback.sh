#!/usr/bin/env bash
# Points every function's alias `live` at the version before the one that it is at: infra/rollback.sh STAGE [--yes]
# Without --yes it only says what it would do. A shift of traffic that is under way is stopped first, since CodeDeploy
# would move the alias again; stopped with --auto-rollback-enabled it takes its own traffic back, and that is the rollback.
set -euo pipefail
cd "$(dirname "$0")/.."

fail() {
    echo "infra/rollback.sh: $1" >&2
    exit 1
}

usage="usage: infra/rollback.sh dev|prod [--yes]"
stage=${1:-} do_it=${2:-}
[[ -n $stage && $stage != -* ]] || fail "$usage"
[ -z "$do_it" ] || [ "$do_it" = --yes ] || fail "$usage"
setting() {
    awk -v section="[$stage.global.parameters]" -v name="$1" \
        '$0 == section { here = 1; next } /^\[/ { here = 0 } here && $1 == name { gsub(/"/, "", $3); print $3 }' samconfig.toml
}
stack=$(setting stack_name)
region=$(setting region)
[ -n "$stack" ] && [ -n "$region" ] || fail "samconfig.toml has no stack and region for $stage"
aws=(aws --region "$region" --output text)

# Shifts under way, by function.
stopped=
application=$("${aws[@]}" cloudformation describe-stack-resources --stack-name "$stack" \
    --logical-resource-id ServerlessDeploymentApplication --query 'StackResources[0].PhysicalResourceId')
groups=$("${aws[@]}" cloudformation describe-stack-resources --stack-name "$stack" \
    --query "StackResources[?ResourceType=='AWS::CodeDeploy::DeploymentGroup'].PhysicalResourceId")
for group in $groups; do
    for deployment in $("${aws[@]}" deploy list-deployments --application-name "$application" --deployment-group-name "$group" \
        --include-only-statuses Created Queued InProgress Ready --query 'deployments[]'); do
        [ "$deployment" != None ] || continue
        stopped=yes
        echo "$group: deployment $deployment is under way: stopped, its traffic goes back"
        [ -z "$do_it" ] || "${aws[@]}" deploy stop-deployment --deployment-id "$deployment" --auto-rollback-enabled >/dev/null
    done
done
if [ -n "$stopped" ]; then
    echo "CloudFormation rolls its update back by itself now; wait for UPDATE_ROLLBACK_COMPLETE."
    [ -n "$do_it" ] || echo "Nothing was done. infra/rollback.sh $stage --yes does it."
    exit 0
fi

for folder in functions/*/; do
    function="$stack-$(basename "$folder")"
    current=$("${aws[@]}" lambda get-alias --function-name "$function" --name live --query FunctionVersion)
    versions=$("${aws[@]}" lambda list-versions-by-function --function-name "$function" --query 'Versions[].Version')
    previous=$(tr '[:blank:]' '\n' <<<"$versions" | grep -E '^[0-9]+$' | sort -n | awk -v current="$current" '$1 < current' | tail -n 1)
    if [ -z "$previous" ]; then
        echo "$function: version $current is the first, it stays"
        continue
    fi
    echo "$function: live $current -> $previous"
    [ -z "$do_it" ] || "${aws[@]}" lambda update-alias --function-name "$function" --name live --function-version "$previous" \
        --routing-config 'AdditionalVersionWeights={}' >/dev/null
done
if [ -n "$do_it" ]; then
    echo "Done. The next infra/deploy.sh $stage goes forward again."
else
    echo "Nothing was done. infra/rollback.sh $stage --yes does it."
fi
