"""Holds template.yaml against the register of functions in crates/stoa-core/src/routes.rs.

    cargo run -q -p stoa-core --example routes_json > register.json
    .venv/bin/python infra/check_template.py register.json [--self-test]

The template is translated by SAM's own translator first, so what is compared is the CloudFormation that AWS would
get. `--self-test` then breaks the template in memory, once for each check and more, and expects to be told.
"""

import copy
import json
import logging
import os
import re
import sys
from pathlib import Path

os.environ.setdefault("AWS_DEFAULT_REGION", "eu-west-1")

from draw_journey import STEPS
from samcli.yamlhelper import yaml_parse
from samtranslator.translator.transform import transform

# The translator warns of its own feature flags and metrics.
logging.disable(logging.WARNING)

ROOT = Path(__file__).resolve().parent.parent
PAGES = "docs/runbook/alarms"
HEADINGS = ["## Meaning", "## Impact", "## Diagnosis", "## Mitigation"]

# Managed policies that roles may carry. The list may shrink, not grow: each of these is wider than it need be.
MANAGED_POLICIES = {
    "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole",  # SAM gives it to each function: logs
    "arn:aws:iam::aws:policy/service-role/AWSCodeDeployRoleForLambda",  # SAM gives it to its CodeDeploy role
}

# What an access log may not keep.
PERSONAL = ["sourceIp", "userAgent", "querystring", "$context.path", "cookie"]


class Template:
    """The template as written, and as CloudFormation."""

    def __init__(self, source):
        self.source = source["Resources"]
        self.outputs = source["Outputs"]
        self.resources = translate(source)

    def of_type(self, kind):
        return {name: res for name, res in self.resources.items() if res["Type"] == kind}

    def properties(self, name):
        return self.resources.get(name, {}).get("Properties", {})


def translate(source, build="0000000000"):
    source = copy.deepcopy(source)
    for resource in source["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            # The translator wants what `sam package` leaves: an object in S3.
            resource["Properties"]["CodeUri"] = "s3://bucket/key"
    return transform(source, {"Build": build}, NoManagedPolicies())["Resources"]


class NoManagedPolicies:
    """The translator asks AWS for the account's managed policies; none is used by name."""

    def load(self):
        return {}


def camel(name):
    return "".join(word.capitalize() for word in name.split("-"))


def check_functions(register, template):
    registered = {function["logical_id"]: function["name"] for function in register["functions"]}
    folders = {path.parent.name for path in (ROOT / "functions").glob("*/Cargo.toml")}
    yield from differ("functions in the template and the register", template.of_type("AWS::Lambda::Function"), registered)
    yield from differ("folders under functions/ and the register", folders, registered.values())
    for logical_id, name in registered.items():
        actual = template.properties(logical_id)
        source = template.source.get(logical_id, {})
        yield from equal(f"{logical_id}: FunctionName", actual.get("FunctionName"), {"Fn::Sub": f"${{AWS::StackName}}-{name}"})
        yield from equal(f"{logical_id}: Runtime", actual.get("Runtime"), "provided.al2023")
        yield from equal(f"{logical_id}: Handler", actual.get("Handler"), "bootstrap")
        yield from equal(f"{logical_id}: CodeUri", source.get("Properties", {}).get("CodeUri"), f"functions/{name}")
        yield from equal(f"{logical_id}: BuildMethod", source.get("Metadata", {}).get("BuildMethod"), "rust-cargolambda")
    for function in register["functions"]:
        if not function["routes"] and (function["uploads"] or not function["schedule"]):
            # The command finds it by this output, at the version that traffic was shifted to.
            logical_id = function["logical_id"]
            output = template.outputs.get(f"{logical_id}Function", {}).get("Value")
            yield from equal(f"{logical_id}: output", output, {"Ref": f"{logical_id}.Alias"})


def check_routes(register, template):
    wanted = {route: function["logical_id"] for function in register["functions"] for route in function["routes"]}
    got = {}
    for path, methods in template.properties("HttpApi")["Body"]["paths"].items():
        for method, operation in methods.items():
            route = "$default" if operation.get("isDefaultRoute") else f"{method.upper()} {path}"
            uri = operation["x-amazon-apigateway-integration"]["uri"]["Fn::Sub"]
            got[route] = uri.split("functions/${")[1].split("Aliaslive}")[0]
            yield from equal(f"{route}: payload", operation["x-amazon-apigateway-integration"]["payloadFormatVersion"], "2.0")
    yield from equal("routes", got, wanted)


def check_schedules(register, template):
    """What the clock starts, by the register's rate, at `live`, with a place for what failed; and nothing else."""
    wanted = {function["logical_id"]: function["schedule"] for function in register["functions"] if function["schedule"]}
    schedules = {}
    for name, schedule in template.of_type("AWS::Scheduler::Schedule").items():
        actual = schedule["Properties"]
        logical_id = actual["Target"]["Arn"].get("Ref", "").removesuffix("Aliaslive")
        schedules[logical_id] = actual["ScheduleExpression"]
        yield from equal(f"{name}: state", actual.get("State", "ENABLED"), "ENABLED")
        target = actual["Target"]["RoleArn"]["Fn::GetAtt"][0]
        arns = [statement["Resource"] for document in documents(template.resources[target]) for statement in document["Statement"] if "Resource" in statement]
        yield from equal(f"{name}: what its role may invoke", arns, [{"Ref": f"{logical_id}Aliaslive"}])
    yield from equal("schedules", schedules, wanted)
    failures = {
        config["Properties"]["FunctionName"]["Ref"]: config["Properties"].get("DestinationConfig", {}).get("OnFailure")
        for config in template.of_type("AWS::Lambda::EventInvokeConfig").values()
    }
    queues = {name: {"Destination": {"Fn::GetAtt": [f"{name}Failures", "Arn"]}} for name in wanted}
    yield from equal("where failed events go", failures, queues)
    # `stoa doctor` asks those that the output names.
    named = template.outputs["FailureQueues"]["Value"]["Fn::Join"][1]
    yield from equal("queues that the output FailureQueues names", {queue["Ref"] for queue in named}, set(template.of_type("AWS::SQS::Queue")))


def check_buckets(register, template):
    """Private, encrypted, by TLS only, emptied by itself; what is put there starts what the register says, by a rule."""
    wanted = {camel(bucket["name"]) + "Bucket": bucket for bucket in register["buckets"]}
    yield from differ("buckets", template.of_type("AWS::S3::Bucket"), wanted)
    policies = {policy["Properties"]["Bucket"].get("Ref"): policy["Properties"]["PolicyDocument"] for policy in template.of_type("AWS::S3::BucketPolicy").values()}
    rules = []
    for logical_id, bucket in wanted.items():
        resource, actual = template.resources.get(logical_id, {}), template.properties(logical_id)
        closed = dict.fromkeys(["BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"], True)
        yield from equal(f"{logical_id}: public access", actual.get("PublicAccessBlockConfiguration"), closed)
        yield from equal(f"{logical_id}: ownership", actual.get("OwnershipControls"), {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]})
        encryption = actual.get("BucketEncryption", {}).get("ServerSideEncryptionConfiguration")
        yield from equal(f"{logical_id}: encryption", encryption, [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}])
        # Of everything, whatever its key. Versions would stay behind what was deleted.
        lifetimes = actual.get("LifecycleConfiguration", {}).get("Rules", [])
        kept = [{key: rule[key] for key in rule if key not in ("Id", "AbortIncompleteMultipartUpload")} for rule in lifetimes]
        yield from equal(f"{logical_id}: lifetime", kept, [{"Status": "Enabled", "ExpirationInDays": bucket["kept_days"]}])
        if not all(rule.get("AbortIncompleteMultipartUpload") for rule in lifetimes):
            yield f"{logical_id}: what was never put there to its end stays"
        if "VersioningConfiguration" in actual:
            yield f"{logical_id}: keeps versions of what was deleted"
        if "BucketName" in actual:
            yield f"{logical_id}: a fixed name, which any account may have taken"
        notified = actual.get("NotificationConfiguration")
        yield from equal(f"{logical_id}: whom it tells", notified, {"EventBridgeConfiguration": {"EventBridgeEnabled": True}})
        arn = {"Fn::GetAtt": [logical_id, "Arn"]}
        tls = {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [arn, {"Fn::Sub": f"${{{logical_id}.Arn}}/*"}],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
        statements = policies.get(logical_id, {}).get("Statement", [])
        if not any({key: st.get(key) for key in tls} == tls for st in statements):
            yield f"{logical_id}: no policy refuses what comes without TLS"
        # What is encrypted with another key than the bucket's cannot be read. Whoever says nothing is not refused: a
        # condition on what is not said would hold.
        header = "s3:x-amz-server-side-encryption"
        for whose, condition in {
            "a key of KMS": {"Null": {header: "false"}, "StringNotEquals": {header: "AES256"}},
            "a key of the sender's": {"Null": {f"{header}-customer-algorithm": "false"}},
        }.items():
            put = {**tls, "Action": "s3:PutObject", "Resource": {"Fn::Sub": f"${{{logical_id}.Arn}}/*"}, "Condition": condition}
            if not any({key: st.get(key) for key in put} == put for st in statements):
                yield f"{logical_id}: no policy refuses what is encrypted with {whose}"
        if any(st["Effect"] == "Allow" for st in statements):
            yield f"{logical_id}: its policy lets somebody in"
        yield from equal(f"{logical_id}: DeletionPolicy", resource.get("DeletionPolicy"), "RetainExceptOnCreate")
        yield from equal(f"{logical_id}: UpdateReplacePolicy", resource.get("UpdateReplacePolicy"), "Retain")
        yield from equal(f"{logical_id}: output", template.outputs.get(logical_id, {}).get("Value"), {"Ref": logical_id})
        for function in register["functions"]:
            if function["uploads"] == bucket["name"]:
                pattern = {
                    "source": ["aws.s3"],
                    "detail-type": ["Object Created"],
                    "detail": {"bucket": {"name": [{"Ref": logical_id}]}, "object": {"key": [{"wildcard": bucket["starting"]}]}},
                }
                rules.append((f"{function['logical_id']}Aliaslive", pattern))
    got = [
        (target["Arn"].get("Ref"), rule["Properties"].get("EventPattern"))
        for rule in template.of_type("AWS::Events::Rule").values()
        for target in rule["Properties"]["Targets"]
        if rule["Properties"].get("State", "ENABLED") == "ENABLED"
    ]
    yield from equal("what starts by an object", got, rules)


def check_grants(register, template):
    for function in register["functions"]:
        logical_id = function["logical_id"]
        role = template.properties(f"{logical_id}Role")
        statements = [st for policy in role.get("Policies", []) for st in policy["PolicyDocument"]["Statement"]]
        wanted = [statement(register, grant) for grant in function["grants"]]
        if function["schedule"]:
            # SAM adds it, so that Lambda can put down what failed.
            queue = {"Fn::GetAtt": [f"{logical_id}Failures", "Arn"]}
            wanted.append({"Effect": "Allow", "Action": ["sqs:SendMessage"], "Resource": queue})
        yield from equal(f"{logical_id}: statements", sorted(map(canonical, statements)), sorted(map(canonical, wanted)))


def statement(register, grant):
    if "table" in grant:
        resource = {"Fn::GetAtt": [camel(grant["table"]) + "Table", "Arn"]}
    elif "index" in grant:
        table, index = grant["index"].split("/")
        resource = {"Fn::Sub": f"${{{camel(table)}Table.Arn}}/index/{index}"}
    elif "bucket" in grant:
        resource = {"Fn::GetAtt": [camel(grant["bucket"]) + "Bucket", "Arn"]}
    elif "objects" in grant:
        bucket, like = grant["objects"].split("/", 1)
        resource = {"Fn::Sub": f"${{{camel(bucket)}Bucket.Arn}}/{like}"}
    else:
        per_id = next(secret["is_per_id"] for secret in register["secrets"] if secret["name"] == grant["secret"])
        # Six characters that Secrets Manager adds to every ARN. A secret that does not exist is authorized without
        # them: were that not granted, one that was never put would look like a missing permission.
        tails = ["/*"] if per_id else ["", "-??????"]
        arns = [secret_arn(f"{grant['secret']}{tail}") for tail in tails]
        resource = arns if len(arns) > 1 else arns[0]
    condition = {"Condition": grant["condition"]} if grant["condition"] else {}
    return {"Effect": "Allow", "Action": grant["actions"], "Resource": resource, **condition}


PREFIX = {"Fn::If": ["HasSecretPrefix", {"Ref": "SecretPrefix"}, {"Ref": "AWS::StackName"}]}


def secret_arn(name):
    arn = "arn:${AWS::Partition}:secretsmanager:${AWS::Region}:${AWS::AccountId}:secret:"
    return {"Fn::Sub": [f"{arn}${{Prefix}}/{name}", {"Prefix": PREFIX}]}


def canonical(statement):
    """As text that is the same in whatever order actions, and values of a condition, are written."""
    ordered = {**statement, "Action": sorted(as_list(statement["Action"]))}
    if "Condition" in statement:
        ordered["Condition"] = {
            operator: {key: sorted(as_list(values)) for key, values in keys.items()}
            for operator, keys in statement["Condition"].items()
        }
    return json.dumps(ordered, sort_keys=True)


# IAM knows no resource for these. The list should only ever shrink.
ACTIONS_WITHOUT_RESOURCE = {
    "cloudwatch:DescribeAlarms",
    "cloudwatch:GetMetricData",
    "cloudwatch:ListMetrics",
    "cloudtrail:DescribeTrails",
    "lambda:GetAccountSettings",
    "logs:DescribeLogGroups",
    "logs:GetQueryResults",
    "logs:StopQuery",
    "secretsmanager:ListSecrets",
}


def check_width(_register, template):
    """No starred action, no starred resource, no managed policy beside the named ones, anywhere."""
    for name, resource in template.resources.items():
        for arn in resource.get("Properties", {}).get("ManagedPolicyArns", []):
            if arn not in MANAGED_POLICIES:
                yield f"{name}: managed policy {arn}"
        for document in documents(resource):
            for statement in document["Statement"]:
                for action in as_list(statement["Action"]):
                    if "*" in action:
                        yield f"{name}: action {action}"
                without_resource = set(as_list(statement["Action"])) <= ACTIONS_WITHOUT_RESOURCE
                if "*" in as_list(statement.get("Resource", [])) and not without_resource:
                    yield f"{name}: resource *"
                if "NotAction" in statement or "NotResource" in statement:
                    yield f"{name}: a statement by exclusion"


def documents(resource):
    properties = resource.get("Properties", {})
    if resource["Type"] == "AWS::IAM::Role":
        yield properties["AssumeRolePolicyDocument"]
        yield from (policy["PolicyDocument"] for policy in properties.get("Policies", []))
    if resource["Type"] == "AWS::IAM::ManagedPolicy":
        yield properties["PolicyDocument"]


# What functions report their metrics under, and alarms read.
NAMESPACE = {"Fn::Sub": "stoa/${AWS::StackName}"}


def check_environment(register, template):
    tables = {table["variable"]: {"Ref": camel(table["name"]) + "Table"} for table in register["tables"]}
    buckets = {bucket["variable"]: {"Ref": camel(bucket["name"]) + "Bucket"} for bucket in register["buckets"]}
    others = {
        "STOA_BUILD": {"Ref": "Build"},
        "STOA_METRIC_NAMESPACE": NAMESPACE,
        "STOA_SECRET_PREFIX": PREFIX,
    }
    for function in register["functions"]:
        logical_id = function["logical_id"]
        actual = template.properties(logical_id).get("Environment", {}).get("Variables", {})
        yield from differ(f"{logical_id}: environment", actual, function["environment"])
        for variable, value in (tables | buckets | others).items():
            if variable in actual:
                yield from equal(f"{logical_id}: {variable}", actual[variable], value)
        if "HttpApi" in json.dumps(actual):
            yield f"{logical_id}: environment refers to the function's own API, which is a cycle"


def check_tables(register, template):
    wanted = {camel(table["name"]) + "Table": table for table in register["tables"]}
    yield from differ("tables", template.of_type("AWS::DynamoDB::Table"), wanted)
    for logical_id, table in wanted.items():
        resource, actual = template.resources.get(logical_id, {}), template.properties(logical_id)
        attributes = {(attribute["AttributeName"], attribute["AttributeType"]) for attribute in actual.get("AttributeDefinitions", [])}
        wanted_attributes = {(table[key], "S") for key in ("partition_key", "sort_key") if table[key]}
        # An index sorts by time, which is a number.
        wanted_attributes |= {(index["partition_key"], "S") for index in table["indexes"]}
        wanted_attributes |= {(index["sort_key"], "N") for index in table["indexes"]}
        yield from equal(f"{logical_id}: keys", actual.get("KeySchema"), keys(table))
        yield from equal(f"{logical_id}: attributes", attributes, wanted_attributes)
        indexes = [
            {"IndexName": index["name"], "KeySchema": keys(index), "Projection": {"ProjectionType": "KEYS_ONLY"}}
            for index in table["indexes"]
        ]
        yield from equal(f"{logical_id}: indexes", actual.get("GlobalSecondaryIndexes", []), indexes)
        yield from equal(f"{logical_id}: billing", actual.get("BillingMode"), "PAY_PER_REQUEST")
        ttl = table["ttl_attribute"]
        wanted_ttl = {"AttributeName": ttl, "Enabled": True} if ttl else None
        yield from equal(f"{logical_id}: TTL", actual.get("TimeToLiveSpecification"), wanted_ttl)
        # What expires must not come back by a restore; what does not expire must be restorable.
        recovery = actual.get("PointInTimeRecoverySpecification", {}).get("PointInTimeRecoveryEnabled", False)
        yield from equal(f"{logical_id}: point-in-time recovery", recovery, ttl is None)
        # A creation that fails must leave no table behind, or the next try finds the stack in the way.
        deleted, replaced = ("Delete", "Delete") if ttl else ("RetainExceptOnCreate", "Retain")
        yield from equal(f"{logical_id}: DeletionPolicy", resource.get("DeletionPolicy"), deleted)
        yield from equal(f"{logical_id}: UpdateReplacePolicy", resource.get("UpdateReplacePolicy"), replaced)
        if "TableName" in actual:
            yield f"{logical_id}: a fixed name, so a restored table cannot stand beside it"
        yield from equal(f"{logical_id}: output", template.outputs.get(logical_id, {}).get("Value"), {"Ref": logical_id})


def keys(of):
    schema = [{"AttributeName": of["partition_key"], "KeyType": "HASH"}]
    if of["sort_key"]:
        schema.append({"AttributeName": of["sort_key"], "KeyType": "RANGE"})
    return schema


def check_logs(register, template):
    groups = template.of_type("AWS::Logs::LogGroup")
    # Below WARN, Lambda's own lines cost as much as ours.
    logging = {"LogFormat": "JSON", "SystemLogLevel": "WARN"}
    for function in register["functions"]:
        logical_id = function["logical_id"]
        group = f"{logical_id}LogGroup"
        name = {"Fn::Sub": f"/aws/lambda/${{AWS::StackName}}-{function['name']}"}
        config = template.properties(logical_id).get("LoggingConfig")
        yield from equal(f"{group}: name", template.properties(group).get("LogGroupName"), name)
        yield from equal(f"{logical_id}: LoggingConfig", config, logging | {"LogGroup": {"Ref": group}})
    for name, group in groups.items():
        yield from equal(f"{name}: retention", group["Properties"].get("RetentionInDays"), {"Ref": "LogRetentionDays"})


def check_alarms(register, template):
    alarms = template.of_type("AWS::CloudWatch::Alarm")
    pages = {path.stem: path.read_text() for path in (ROOT / PAGES).glob("*.md")}
    yield from differ(f"alarms and pages in {PAGES}", alarms, pages)
    functions = [function["logical_id"] for function in register["functions"]]
    # Nobody waits in a browser for the others, so they may take their time.
    in_browsers = [
        function["logical_id"] for function in register["functions"] if function["routes"] and function["name"] not in MACHINES
    ]
    # An alarm has room for ten metrics: those of one beginning watch every function together.
    watched = {"FunctionErrors": [], "FunctionThrottles": [], "FunctionSlow": []}
    for name, alarm in alarms.items():
        headings = [line for line in pages.get(name, "").splitlines() if line.startswith("## ")]
        yield from equal(f"{name}: headings of its page", headings, HEADINGS)
        actual = alarm["Properties"]
        if f"{PAGES}/{name}.md" not in json.dumps(actual.get("AlarmDescription")):
            yield f"{name}: the description does not name its page"
        yield from equal(f"{name}: name", actual.get("AlarmName"), {"Fn::Sub": f"${{AWS::StackName}}/{name}"})
        yield from equal(f"{name}: actions", actual.get("AlarmActions"), [{"Ref": "AlarmTopic"}])
        stats = [metric["MetricStat"]["Metric"] for metric in actual.get("Metrics", []) if "MetricStat" in metric]
        for stat in stats or [actual]:
            if not str(stat["Namespace"]).startswith("AWS/"):
                yield from equal(f"{name}: namespace", stat["Namespace"], NAMESPACE)
        for metric in actual.get("Metrics", []):
            # Whether METRICS() takes a metric without data for nothing or for zero is not documented.
            if "METRICS()" in metric.get("Expression", "") and "FILL(METRICS(), 0)" not in metric["Expression"]:
                yield f"{name}: an expression over metrics of which some have no data"
        kind = next((kind for kind in watched if name.startswith(kind)), None)
        if kind:
            watched[kind] += [dimension["Value"]["Ref"] for metric in stats for dimension in metric["Dimensions"]]
            if len(stats) > MOST_METRICS:
                yield f"{name}: more than {MOST_METRICS} metrics"
        elif name.startswith("Function"):
            yield f"{name}: an alarm of a kind that is not checked"
    for kind, found in watched.items():
        yield from differ(f"{kind}: functions it watches", found, in_browsers if kind == "FunctionSlow" else functions)


# What these answer, no person waits for.
MACHINES = {"scim", "thinkific-webhook", "workos-webhook"}
# CloudWatch takes as many in one alarm.
MOST_METRICS = 10
# A flood on one of these must not keep people from the others.
OWN_THROTTLE = {"login", "saml-acs", "oidc-callback"}


def check_gateway(register, template):
    stage = template.properties("HttpApiApiGatewayDefaultStage")
    routes = stage.get("RouteSettings", {})
    apart = [route for function in register["functions"] if function["name"] in OWN_THROTTLE for route in function["routes"]]
    for route in [*apart, "POST /teams/{connection}/session", "$default"]:
        if not routes.get(route, {}).get("ThrottlingRateLimit"):
            yield f"HttpApi: {route} has no throttle of its own"
    if not stage.get("DefaultRouteSettings", {}).get("ThrottlingRateLimit"):
        yield "HttpApi: no default throttle"
    known = {f"{method.upper()} {path}" for path, methods in template.properties("HttpApi")["Body"]["paths"].items() for method in methods}
    for route in routes:
        if route != "$default" and route not in known:
            yield f"HttpApi: a throttle for {route}, which is no route"
    # The import warns of what SAM writes for DisableExecuteApiEndpoint (a server without a URL).
    if template.properties("HttpApi").get("FailOnWarnings"):
        yield "HttpApi: FailOnWarnings, so the API cannot be created"
    log = stage.get("AccessLogSettings", {})
    yield from equal("HttpApi: access log", log.get("DestinationArn"), {"Fn::GetAtt": ["HttpApiLogGroup", "Arn"]})
    for word in PERSONAL:
        if word in log.get("Format", ""):
            yield f"HttpApi: the access log keeps {word}"
    closed = {"disableExecuteApiEndpoint": {"Fn::If": ["HasCustomDomain", True, False]}}
    servers = template.properties("HttpApi")["Body"].get("servers", [{}])
    yield from equal("HttpApi: execute-api", servers[0].get("x-amazon-apigateway-endpoint-configuration"), closed)


def check_deployment(register, template, source):
    """Each deploy publishes, shifts to `live`, and is rolled back by an alarm."""
    versions = [
        {name for name, resource in translate(source, build).items() if resource["Type"] == "AWS::Lambda::Version"}
        for build in ("2601010000-a", "2601010001-a")
    ]
    for name in versions[0] & versions[1]:
        yield f"{name}: another Build does not publish another version"
    for function in register["functions"]:
        logical_id = function["logical_id"]
        alias = template.properties(f"{logical_id}Aliaslive")
        yield from equal(f"{logical_id}: alias", alias.get("Name"), "live")
        group = template.properties(f"{logical_id}DeploymentGroup")
        alarms = group.get("AlarmConfiguration", {}).get("Alarms")
        # A bad release answers with pages of faults, which are no errors of a function.
        wanted = [{"Name": {"Ref": name}} for name in ("FunctionErrors", "LoginsFailedByStoa", "ProbeFailing")]
        yield from equal(f"{logical_id}: alarms that roll a deploy back", alarms, wanted)


# What a command of AWS's own is called in IAM, where it is not the command's own words.
COMMANDS = {
    "configure export-credentials": None,
    "deploy list-deployments": "codedeploy:ListDeployments",
    "deploy stop-deployment": "codedeploy:StopDeployment",
    "lambda invoke": "lambda:InvokeFunction",
    "logs tail": "logs:FilterLogEvents",
}
# Says beside it that no policy of the stack gives it.
UNGRANTED = {"dynamodb:Scan"}


def check_on_call(register, template):
    """The two policies are the register's, own no other stack's names, and allow every command that a page shows."""
    allowed, denied = set(), set()
    for statement in on_call(template):
        grants = allowed if statement["Effect"] == "Allow" else denied
        for resource in as_list(statement["Resource"]):
            grants.update((action, kind) for action in statement["Action"] for kind in kinds(register, resource))
            text = json.dumps(resource)
            # `stoa-*` would match what belongs to `stoa-dev`; a slash is in no stack's name.
            if "${AWS::StackName}-*" in text or "${AWS::StackName}*" in text:
                yield f"on call: {text} matches another stack's too"
    got = {f"{action} {kind}" for action, kind in allowed - denied}
    wanted = {
        f"{action} {kind} {grant[kind]}"
        for grant in register["on_call"]
        for action in grant["actions"]
        for kind in ("table", "index", "secret")
        if kind in grant
    }
    yield from differ("what on-call may do to tables and secrets", got, wanted)
    # Of a table that holds people, whoever may only look sees what the register says and nothing else.
    for grant in register["on_call_looks"]:
        arn = {"Fn::GetAtt": [camel(grant["table"]) + "Table", "Arn"]}
        got = [
            {"actions": sorted(st["Action"]), "condition": st.get("Condition", {})}
            for st in template.properties("OnCallRead")["PolicyDocument"]["Statement"]
            if arn in as_list(st["Resource"])
        ]
        wanted = [{"actions": sorted(grant["actions"]), "condition": grant["condition"]}]
        yield from equal(f"what OnCallRead sees of {grant['table']}", got, wanted)
    # What `stoa doctor` asks of each function, and where `stoa trace` sends whoever looks for a line.
    for function in register["functions"]:
        for action, resource in (("lambda:GetAlias", function["logical_id"]), ("logs:FilterLogEvents", f"{function['logical_id']}LogGroup")):
            arn = {"Fn::GetAtt": [resource, "Arn"]}
            if not any(action in st["Action"] and arn in as_list(st["Resource"]) for st in on_call(template) if st["Effect"] == "Allow"):
                yield f"on call: neither policy allows {action} on {resource}"
    # `stoa trace` asks all groups in one query, which is refused if one of them is.
    for action in register["on_call_reads"]:
        for group in template.of_type("AWS::Logs::LogGroup"):
            arn = {"Fn::GetAtt": [group, "Arn"]}
            if not any(action in st["Action"] and arn in as_list(st["Resource"]) for st in on_call(template) if st["Effect"] == "Allow"):
                yield f"on call: neither policy allows {action} on {group}"
    for action in register["on_call_asks"]:
        if not any(action in st["Action"] for st in on_call(template)):
            yield f"on call: neither policy allows {action}, which `stoa doctor` asks"
    for action in register["on_call_lists"]:
        if not any(action in st["Action"] and st["Resource"] == "*" for st in on_call(template)):
            yield f"on call: neither policy allows {action}, which the command calls"
    actions = {action for statement in on_call(template) for action in statement["Action"]}
    for path, command in commands():
        action = COMMANDS.get(command, iam_action(command))
        if action and action not in actions | UNGRANTED:
            yield f"on call: {path.relative_to(ROOT)} shows `aws {command}`, and neither policy allows {action}"


def on_call(template):
    for policy in ("OnCallRead", "OnCallRepair"):
        yield from template.properties(policy)["PolicyDocument"]["Statement"]


def kinds(register, resource):
    """The tables, indexes and secrets of the register that a resource covers."""
    for table in register["tables"]:
        logical_id = camel(table["name"]) + "Table"
        if resource == {"Fn::GetAtt": [logical_id, "Arn"]}:
            yield f"table {table['name']}"
        for index in table["indexes"]:
            if resource == {"Fn::Sub": f"${{{logical_id}.Arn}}/index/{index['name']}"}:
                yield f"index {table['name']}/{index['name']}"
    for secret in register["secrets"]:
        tail = "/*" if secret["is_per_id"] else "-??????"
        if resource in (secret_arn("*"), secret_arn(f"{secret['name']}{tail}")):
            yield f"secret {secret['name']}"


# Whoever deploys has rights of their own.
OF_DEPLOYERS = {ROOT / "docs/deploy.md", ROOT / "docs/first-deploy.md"}


def commands():
    rollback = ROOT / "infra/rollback.sh"
    for service, name in re.findall(r'"\$\{aws\[@\]\}" ([a-z0-9]+) ([a-z-]+)', rollback.read_text()):
        yield rollback, f"{service} {name}"
    sources = [*ROOT.glob("docs/**/*.md"), *ROOT.glob("*.md"), *ROOT.glob("crates/stoa-cli/src/**/*.rs")]
    for path in set(sources) - OF_DEPLOYERS:
        for service, name in re.findall(r"\baws ([a-z0-9]+) ([a-z]+-[a-z-]+|invoke|scan|tail)\b", path.read_text()):
            yield path, f"{service} {name}"


def iam_action(command):
    service, name = command.split()
    return f"{service}:{''.join(word.capitalize() for word in name.split('-'))}"


# What has to say which step of a login it serves.
SERVING = {
    "AWS::Serverless::Function",
    "AWS::DynamoDB::Table",
    "AWS::SQS::Queue",
    "AWS::Scheduler::Schedule",
    "AWS::Kinesis::Stream",
    "AWS::S3::Bucket",
    "AWS::Logs::LogGroup",
    "AWS::CloudWatch::Alarm",
}


def check_journey(register, template):
    """Each part says in its Metadata which step it serves, in one sentence. The map and the picture are drawn from it."""
    for name, resource in template.source.items():
        if resource["Type"] not in SERVING:
            continue
        journey = resource.get("Metadata", {}).get("Journey", {})
        if journey.get("step") not in STEPS:
            yield f"{name}: Metadata.Journey.step is {journey.get('step')}, none of {sorted(STEPS)}"
        serves = journey.get("serves", "")
        if not re.fullmatch(r"[A-Z][^.]{15,140}\.", serves):
            yield f"{name}: Metadata.Journey.serves is no single sentence: {serves!r}"


# What CloudFormation calls to make, change, read and remove a resource of each kind, as the kind's schema lists it, as
# far as the template uses it. A kind that the template gets needs a row, and the pipeline's role its actions.
DEPLOYING = {
    "AWS::ApiGatewayV2::Api": "apigateway:DELETE apigateway:GET apigateway:PATCH apigateway:POST apigateway:PUT",
    "AWS::ApiGatewayV2::ApiMapping": "apigateway:DELETE apigateway:GET apigateway:PATCH apigateway:POST",
    "AWS::ApiGatewayV2::DomainName": "apigateway:DELETE apigateway:GET apigateway:PATCH apigateway:POST apigateway:PUT iam:CreateServiceLinkedRole",
    "AWS::ApiGatewayV2::Stage": "apigateway:DELETE apigateway:GET apigateway:PATCH apigateway:POST logs:CreateLogDelivery logs:DeleteLogDelivery logs:DescribeLogGroups logs:DescribeResourcePolicies logs:GetLogDelivery logs:ListLogDeliveries logs:PutResourcePolicy logs:UpdateLogDelivery",
    "AWS::Budgets::Budget": "budgets:ListTagsForResource budgets:ModifyBudget budgets:TagResource budgets:UntagResource budgets:ViewBudget",
    "AWS::CloudWatch::Alarm": "cloudwatch:DeleteAlarms cloudwatch:DescribeAlarms cloudwatch:ListTagsForResource cloudwatch:PutMetricAlarm cloudwatch:TagResource cloudwatch:UntagResource",
    "AWS::CodeDeploy::Application": "codedeploy:CreateApplication codedeploy:DeleteApplication codedeploy:GetApplication codedeploy:ListTagsForResource codedeploy:TagResource codedeploy:UntagResource codedeploy:UpdateApplication",
    "AWS::CodeDeploy::DeploymentGroup": "codedeploy:CreateDeploymentGroup codedeploy:DeleteDeploymentGroup codedeploy:GetDeploymentGroup codedeploy:UpdateDeploymentGroup iam:PassRole",
    "AWS::DynamoDB::Table": "dynamodb:CreateTable dynamodb:DeleteTable dynamodb:DescribeContinuousBackups dynamodb:DescribeContributorInsights dynamodb:DescribeKinesisStreamingDestination dynamodb:DescribeTable dynamodb:DescribeTimeToLive dynamodb:GetResourcePolicy dynamodb:ListTagsOfResource dynamodb:TagResource dynamodb:UntagResource dynamodb:UpdateContinuousBackups dynamodb:UpdateTable dynamodb:UpdateTimeToLive",
    "AWS::Events::Rule": "events:DeleteRule events:DescribeRule events:ListTagsForResource events:ListTargetsByRule events:PutRule events:PutTargets events:RemoveTargets events:TagResource events:UntagResource",
    "AWS::IAM::ManagedPolicy": "iam:CreatePolicy iam:CreatePolicyVersion iam:DeletePolicy iam:DeletePolicyVersion iam:GetPolicy iam:GetPolicyVersion iam:ListPolicyVersions",
    "AWS::IAM::Role": "iam:AttachRolePolicy iam:CreateRole iam:DeleteRole iam:DeleteRolePolicy iam:DetachRolePolicy iam:GetRole iam:GetRolePolicy iam:ListAttachedRolePolicies iam:ListRolePolicies iam:PutRolePolicy iam:TagRole iam:UntagRole iam:UpdateAssumeRolePolicy iam:UpdateRole",
    # An update of the alias is a deployment of CodeDeploy's, which a rollback stops.
    "AWS::Lambda::Alias": "codedeploy:CreateDeployment codedeploy:GetApplicationRevision codedeploy:GetDeployment codedeploy:GetDeploymentConfig codedeploy:RegisterApplicationRevision codedeploy:StopDeployment lambda:CreateAlias lambda:DeleteAlias lambda:GetAlias lambda:GetProvisionedConcurrencyConfig lambda:UpdateAlias",
    "AWS::Lambda::EventInvokeConfig": "lambda:DeleteFunctionEventInvokeConfig lambda:GetFunctionEventInvokeConfig lambda:PutFunctionEventInvokeConfig lambda:UpdateFunctionEventInvokeConfig",
    "AWS::Lambda::Function": "iam:PassRole lambda:CreateFunction lambda:DeleteFunction lambda:DeleteFunctionConcurrency lambda:GetFunction lambda:GetFunctionCodeSigningConfig lambda:GetFunctionConfiguration lambda:GetFunctionRecursionConfig lambda:GetRuntimeManagementConfig lambda:ListTags lambda:PutFunctionConcurrency lambda:TagResource lambda:UntagResource lambda:UpdateFunctionCode lambda:UpdateFunctionConfiguration s3:GetObject",
    "AWS::Lambda::Permission": "lambda:AddPermission lambda:GetPolicy lambda:RemovePermission",
    "AWS::Lambda::Version": "lambda:DeleteFunction lambda:GetFunctionConfiguration lambda:ListVersionsByFunction lambda:PublishVersion",
    "AWS::Logs::LogGroup": "logs:CreateLogGroup logs:DeleteLogGroup logs:DeleteRetentionPolicy logs:DescribeLogGroups logs:ListTagsForResource logs:PutRetentionPolicy logs:TagResource logs:UntagResource",
    "AWS::Route53::RecordSet": "route53:ChangeResourceRecordSets route53:GetChange route53:GetHostedZone route53:ListResourceRecordSets",
    "AWS::S3::Bucket": "s3:CreateBucket s3:DeleteBucket s3:GetAccelerateConfiguration s3:GetAnalyticsConfiguration s3:GetBucketCORS s3:GetBucketLogging s3:GetBucketNotification s3:GetBucketObjectLockConfiguration s3:GetBucketOwnershipControls s3:GetBucketPublicAccessBlock s3:GetBucketTagging s3:GetBucketVersioning s3:GetBucketWebsite s3:GetEncryptionConfiguration s3:GetIntelligentTieringConfiguration s3:GetInventoryConfiguration s3:GetLifecycleConfiguration s3:GetMetricsConfiguration s3:GetReplicationConfiguration s3:ListBucket s3:PutBucketNotification s3:PutBucketOwnershipControls s3:PutBucketPublicAccessBlock s3:PutBucketTagging s3:PutEncryptionConfiguration s3:PutLifecycleConfiguration",
    "AWS::S3::BucketPolicy": "s3:DeleteBucketPolicy s3:GetBucketPolicy s3:PutBucketPolicy",
    "AWS::SNS::Subscription": "sns:GetSubscriptionAttributes sns:ListSubscriptionsByTopic sns:SetSubscriptionAttributes sns:Subscribe sns:Unsubscribe",
    "AWS::SNS::Topic": "sns:CreateTopic sns:DeleteTopic sns:GetDataProtectionPolicy sns:GetTopicAttributes sns:ListSubscriptionsByTopic sns:ListTagsForResource sns:SetTopicAttributes sns:TagResource sns:UntagResource",
    "AWS::SQS::Queue": "sqs:CreateQueue sqs:DeleteQueue sqs:GetQueueAttributes sqs:GetQueueUrl sqs:ListQueueTags sqs:SetQueueAttributes sqs:TagQueue sqs:UntagQueue",
    "AWS::Scheduler::Schedule": "iam:PassRole scheduler:CreateSchedule scheduler:DeleteSchedule scheduler:GetSchedule scheduler:UpdateSchedule",
}
# In the pipeline's role too: IAM knows no resource for these.
DEPLOYED_WITHOUT_RESOURCE = {action for row in DEPLOYING.values() for action in row.split() if action.startswith("logs:") and "Deliver" in action} | {
    "cloudwatch:DescribeAlarms",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
    "logs:PutResourcePolicy",
}


def check_pipeline(_register, template):
    """What CloudFormation may do for a pipeline is what the template's kinds need, each to what has the stack's name."""
    source = yaml_parse((ROOT / "infra/pipeline.yaml").read_text())
    pipeline = source["Resources"]
    # The name of a bucket begins with the stack's in lower case: rights to the name as it is written would miss it.
    for name in ["Stoa-prod", "stoa-Prod"]:
        if re.search(source["Parameters"]["Stack"]["AllowedPattern"], name):
            yield f"infra/pipeline.yaml: a stack may be called {name}, whose bucket has another name"
    kinds = {resource["Type"] for resource in template.resources.values()}
    yield from differ("infra/check_template.py: kinds that are deployed", DEPLOYING, kinds)
    statements = [st for policy in pipeline["Deployer"]["Properties"]["Policies"] for st in policy["PolicyDocument"]["Statement"]]
    allowed = [statement for statement in statements if statement["Effect"] == "Allow"]
    granted = [action for statement in allowed for action in as_list(statement["Action"])]
    wanted = {action for kind in kinds for action in DEPLOYING.get(kind, "").split()}
    yield from differ("infra/pipeline.yaml: what CloudFormation may do", granted, wanted)
    for statement in allowed:
        without = set(as_list(statement["Action"])) <= DEPLOYED_WITHOUT_RESOURCE
        if "*" in as_list(statement["Resource"]) and not without:
            yield f"infra/pipeline.yaml: {statement['Sid']}: resource *"
    # Whatever else a run can do, it does by a template that CloudFormation carries out.
    runs = [st for policy in pipeline["Pipeline"]["Properties"]["Policies"] for st in policy["PolicyDocument"]["Statement"]]
    services = {action.split(":")[0] for statement in runs for action in as_list(statement["Action"])}
    yield from equal("infra/pipeline.yaml: services that a run calls", services, {"cloudformation", "s3", "iam"})
    passed = [statement["Resource"] for statement in runs if "iam:PassRole" in as_list(statement["Action"])]
    yield from equal("infra/pipeline.yaml: roles that a run hands over", passed, [{"Fn::GetAtt": ["Deployer", "Arn"]}])


def check_protection(_register, template):
    """No update replaces or deletes what has data, or what addresses people have."""
    policy = json.loads((ROOT / "infra/stack-policy.json").read_text())["Statement"]
    denied = [statement for statement in policy if statement["Effect"] == "Deny"]
    kinds = {kind for st in denied for kind in st.get("Condition", {}).get("StringEquals", {}).get("ResourceType", [])}
    names = {st["Resource"].split("/")[1] for st in denied if st["Resource"] != "*"}
    for statement in denied:
        yield from equal("infra/stack-policy.json: what is denied", statement["Action"], ["Update:Replace", "Update:Delete"])
    for name, resource in template.resources.items():
        is_kept = resource.get("UpdateReplacePolicy") == "Retain" or resource["Type"] in ("AWS::ApiGatewayV2::Api", "AWS::ApiGatewayV2::DomainName")
        if is_kept and resource["Type"] not in kinds and name not in names:
            yield f"infra/stack-policy.json: {name} is not protected"
    for name in names - set(template.resources):
        yield f"infra/stack-policy.json: {name} is no resource"


def differ(what, got, wanted):
    got, wanted = set(got), set(wanted)
    for name in sorted(got - wanted):
        yield f"{what}: {name} should not be there"
    for name in sorted(wanted - got):
        yield f"{what}: {name} is missing"


def equal(what, got, wanted):
    if got != wanted:
        yield f"{what}\n      got    {got}\n      wanted {wanted}"


def as_list(value):
    return value if isinstance(value, list) else [value]


CHECKS = [
    check_functions,
    check_routes,
    check_schedules,
    check_buckets,
    check_grants,
    check_width,
    check_environment,
    check_tables,
    check_logs,
    check_alarms,
    check_gateway,
    check_on_call,
    check_journey,
    check_pipeline,
    check_protection,
]


def findings(register, source):
    template = Template(source)
    found = [f"{check.__name__}: {text}" for check in CHECKS for text in check(register, template)]
    return found + [f"check_deployment: {text}" for text in check_deployment(register, template, source)]


def main():
    register = json.loads(Path(sys.argv[1]).read_text())
    source = yaml_parse((ROOT / "template.yaml").read_text())
    found = findings(register, source)
    for finding in found:
        print(f"template.yaml: {finding}")
    if found:
        sys.exit(f"{len(found)} findings")
    print(f"template.yaml agrees with the register: {len(register['functions'])} functions, {len(CHECKS) + 1} checks")
    if "--self-test" in sys.argv:
        from check_template_selftest import run

        run(register, source, findings)


if __name__ == "__main__":
    main()
