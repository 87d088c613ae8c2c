"""Breaks the template in memory, one defect at a time, and expects the check that is meant for it to say so."""

import copy
import sys


def properties(source, name):
    return source["Resources"][name]["Properties"]


def statements(source, name):
    return properties(source, name)["Policies"][0]["Statement"]


def add_function(source):
    source["Resources"]["Stray"] = copy.deepcopy(source["Resources"]["SamlMetadata"])
    properties(source, "Stray")["Events"]["Metadata"]["Properties"]["Path"] = "/stray"


def drop_function(source):
    del source["Resources"]["SamlMetadata"]
    for resource in source["Resources"].values():
        metrics = resource.get("Properties", {}).get("Metrics", [])
        metrics[:] = [metric for metric in metrics if metric["Id"] != "samlMetadata"]


def rename_function(source):
    properties(source, "Login")["FunctionName"] = "login"


def wrong_folder(source):
    properties(source, "Login")["CodeUri"] = "functions/saml-acs"


def function_that_nobody_finds(source):
    del source["Outputs"]["OperatorFunction"]


def add_route(source):
    event = {"Type": "HttpApi", "Properties": {"ApiId": {"Ref": "HttpApi"}, "Method": "GET", "Path": "/debug"}}
    properties(source, "Login")["Events"]["Debug"] = event


def change_method(source):
    properties(source, "Login")["Events"]["Start"]["Properties"]["Method"] = "ANY"


def drop_default_route(source):
    del properties(source, "ThinkificReturn")["Events"]["AnythingElse"]


def other_rate(source):
    properties(source, "TrustRefresh")["Events"]["Hourly"]["Properties"]["ScheduleExpression"] = "rate(1 day)"


def schedule_switched_off(source):
    properties(source, "TrustRefresh")["Events"]["Hourly"]["Properties"]["State"] = "DISABLED"


def second_schedule(source):
    event = {"Type": "ScheduleV2", "Properties": {"ScheduleExpression": "rate(1 minute)"}}
    properties(source, "Login").setdefault("Events", {})["Minutely"] = event


def queue_that_doctor_does_not_ask(source):
    source["Outputs"]["FailureQueues"]["Value"]["Fn::Join"][1].pop()


def failures_nowhere(source):
    del properties(source, "TrustRefresh")["EventInvokeConfig"]


def add_bucket(source):
    source["Resources"]["OtherBucket"] = copy.deepcopy(source["Resources"]["FilesBucket"])


def public_bucket(source):
    properties(source, "FilesBucket")["PublicAccessBlockConfiguration"]["BlockPublicPolicy"] = False


def bucket_of_other_owners(source):
    del properties(source, "FilesBucket")["OwnershipControls"]


def bucket_in_clear(source):
    del properties(source, "FilesBucket")["BucketEncryption"]


def files_kept_longer(source):
    properties(source, "FilesBucket")["LifecycleConfiguration"]["Rules"][0]["ExpirationInDays"] = 90


def files_kept_in_part(source):
    properties(source, "FilesBucket")["LifecycleConfiguration"]["Rules"][0]["Prefix"] = "acme/"


def uploads_that_broke_off_stay(source):
    del properties(source, "FilesBucket")["LifecycleConfiguration"]["Rules"][0]["AbortIncompleteMultipartUpload"]


def versions_of_files(source):
    properties(source, "FilesBucket")["VersioningConfiguration"] = {"Status": "Enabled"}


def named_bucket(source):
    properties(source, "FilesBucket")["BucketName"] = "files"


def bucket_without_tls(source):
    del source["Resources"]["FilesBucketPolicy"]


def bucket_policy(source, sid):
    return next(st for st in properties(source, "FilesBucketPolicy")["PolicyDocument"]["Statement"] if st["Sid"] == sid)


def files_with_a_key_of_kms(source):
    bucket_policy(source, "NoKeyOfKms")["Condition"]["StringNotEquals"]["s3:x-amz-server-side-encryption"] = ["AES256", "aws:kms"]


def files_with_no_word_of_encryption_refused(source):
    del bucket_policy(source, "NoKeyOfKms")["Condition"]["Null"]


def files_with_a_key_of_their_own(source):
    properties(source, "FilesBucketPolicy")["PolicyDocument"]["Statement"].remove(bucket_policy(source, "NoKeyOfTheirOwn"))


def bucket_let_somebody_in(source):
    policy = properties(source, "FilesBucketPolicy")["PolicyDocument"]["Statement"]
    policy.append({**policy[0], "Effect": "Allow"})


def files_told_to_nobody(source):
    del properties(source, "FilesBucket")["NotificationConfiguration"]


def results_start_runs(source):
    pattern = properties(source, "CsvImport")["Events"]["Uploaded"]["Properties"]["Pattern"]
    pattern["detail"]["object"]["key"] = [{"wildcard": "*"}]


def files_of_any_bucket(source):
    del properties(source, "CsvImport")["Events"]["Uploaded"]["Properties"]["Pattern"]["detail"]["bucket"]


def files_start_another(source):
    event = properties(source, "CsvImport")["Events"].pop("Uploaded")
    properties(source, "Operator")["Events"] = {"Uploaded": event}


def bucket_that_nobody_finds(source):
    del source["Outputs"]["FilesBucket"]


def bucket_deleted_with_the_stack(source):
    source["Resources"]["FilesBucket"]["DeletionPolicy"] = "Delete"


def files_that_are_gone_look_forbidden(source):
    statements(source, "CsvImport").remove(next(st for st in statements(source, "CsvImport") if "s3:ListBucket" in st["Action"]))


def writes_where_customers_do(source):
    statement = next(st for st in statements(source, "CsvImport") if "s3:PutObject" in st["Action"])
    statement["Resource"] = {"Fn::Sub": "${FilesBucket.Arn}/*"}


def other_bucket(source):
    properties(source, "CsvImport")["Environment"]["Variables"]["STOA_BUCKET_FILES"] = "files"


def add_action(source):
    statements(source, "Login")[0]["Action"].append("dynamodb:Scan")


def drop_statement(source):
    statements(source, "SamlAcs").pop()


def other_secret(source):
    resource = statements(source, "SamlAcs")[-1]["Resource"]["Fn::Sub"]
    resource[0] = resource[0].replace("/saml/*", "/*")


def secret_only_where_it_exists(source):
    statement = next(st for st in statements(source, "ThinkificLaunch") if "GetSecretValue" in str(st["Action"]))
    statement["Resource"] = statement["Resource"][1]


def extra_policy(source):
    properties(source, "Login")["Policies"].append(
        {"Statement": [{"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": "arn:aws:s3:::bucket/key"}]}
    )


def conditioned(source, name):
    return next(statement for statement in statements(source, name) if "Condition" in statement)


def no_condition(source):
    del conditioned(source, "OidcCallback")["Condition"]


def one_attribute_more(source):
    conditioned(source, "TeamsSession")["Condition"]["ForAllValues:StringEquals"]["dynamodb:Attributes"].append("certificate")


def other_leading_keys(source):
    conditioned(source, "Login")["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"] = "*"


def any_value_instead_of_all(source):
    condition = conditioned(source, "ThinkificReturn")["Condition"]
    condition["ForAnyValue:StringEquals"] = condition.pop("ForAllValues:StringEquals")


def same_without_condition(source):
    statement = {key: value for key, value in conditioned(source, "ThinkificReturn").items() if key != "Condition"}
    statements(source, "ThinkificReturn").append(statement)


def starred_action(source):
    document = properties(source, "OnCallRead")["PolicyDocument"]
    document["Statement"][1]["Action"] = ["dynamodb:*"]


def starred_resource(source):
    properties(source, "OnCallRepair")["PolicyDocument"]["Statement"][0]["Resource"] = "*"


def managed_policy(source):
    properties(source, "Login")["Policies"].append("arn:aws:iam::aws:policy/AdministratorAccess")


def add_variable(source):
    properties(source, "Login")["Environment"]["Variables"]["STOA_TABLE_DIRECTORY"] = {"Ref": "DirectoryTable"}


def drop_variable(source):
    del properties(source, "SamlAcs")["Environment"]["Variables"]["STOA_TABLE_TRUST"]


def other_table(source):
    properties(source, "SamlAcs")["Environment"]["Variables"]["STOA_TABLE_TRUST"] = {"Ref": "LoginsTable"}


def drop_table(source):
    del source["Resources"]["TrustTable"]


def sort_key_on_logins(source):
    properties(source, "LoginsTable")["KeySchema"].append({"AttributeName": "sk", "KeyType": "RANGE"})


def no_ttl(source):
    del properties(source, "LoginsTable")["TimeToLiveSpecification"]


def drop_index(source):
    properties(source, "LoginsTable")["GlobalSecondaryIndexes"].pop()


def copied_into_an_index(source):
    properties(source, "LoginsTable")["GlobalSecondaryIndexes"][0]["Projection"] = {"ProjectionType": "ALL"}


def recoverable_logins(source):
    properties(source, "LoginsTable")["PointInTimeRecoverySpecification"] = {"PointInTimeRecoveryEnabled": True}


def unrecoverable_directory(source):
    del properties(source, "DirectoryTable")["PointInTimeRecoverySpecification"]


def deleted_with_the_stack(source):
    source["Resources"]["ConnectionsTable"]["DeletionPolicy"] = "Delete"


def drop_output(source):
    del source["Outputs"]["LoginsTable"]


def logs_for_ever(source):
    del properties(source, "SamlAcsLogGroup")["RetentionInDays"]


def logs_elsewhere(source):
    properties(source, "SamlAcs")["LoggingConfig"]["LogGroup"] = {"Ref": "LoginLogGroup"}


def alarm_without_page(source):
    source["Resources"]["Unexplained"] = copy.deepcopy(source["Resources"]["ApiServerErrors"])


def page_without_alarm(source):
    del source["Resources"]["ApiServerErrors"]


def alarm_of_every_stack(source):
    properties(source, "TrustHeld")["Namespace"] = "stoa"


def alarm_named_by_aws(source):
    del properties(source, "TrustHeld")["AlarmName"]


def silent_alarm(source):
    properties(source, "ApiServerErrors")["AlarmActions"] = []


def unwatched_function(source):
    properties(source, "FunctionErrors")["Metrics"].pop()


def unwatched_operator(source):
    metrics = properties(source, "FunctionThrottles")["Metrics"]
    metrics[:] = [metric for metric in metrics if metric["Id"] != "operator"]


def slow_where_nobody_waits(source):
    metric = copy.deepcopy(properties(source, "FunctionSlow")["Metrics"][-1])
    metric["Id"] = "trustRefresh"
    metric["MetricStat"]["Metric"]["Dimensions"][0]["Value"] = {"Ref": "TrustRefresh"}
    properties(source, "FunctionSlow")["Metrics"].append(metric)


def no_throttle(source):
    del properties(source, "HttpApi")["RouteSettings"]["GET /login/{connection}"]


def callback_without_throttle(source):
    del properties(source, "HttpApi")["RouteSettings"]["GET /oidc/{connection}/callback"]


def throttle_of_nothing(source):
    properties(source, "HttpApi")["RouteSettings"]["GET /nowhere"] = {"ThrottlingRateLimit": 1}


def addresses_in_the_log(source):
    settings = properties(source, "HttpApi")["AccessLogSettings"]
    settings["Format"] += "$context.identity.sourceIp"


def open_back_door(source):
    del properties(source, "HttpApi")["DisableExecuteApiEndpoint"]


def fails_on_warnings(source):
    properties(source, "HttpApi")["FailOnWarnings"] = True


def production_s_secrets(source):
    properties(source, "Login")["Environment"]["Variables"]["STOA_SECRET_PREFIX"] = {"Ref": "SecretPrefix"}


def left_by_a_failed_creation(source):
    source["Resources"]["TrustTable"]["DeletionPolicy"] = "Retain"


def blind_in_a_quiet_stack(source):
    properties(source, "FunctionErrors")["Metrics"][0]["Expression"] = "SUM(METRICS())"


def repair(source, sid):
    return next(st for st in properties(source, "OnCallRepair")["PolicyDocument"]["Statement"] if st["Sid"] == sid)


def on_call_scans(source):
    repair(source, "Directory")["Action"].append("dynamodb:Scan")


def on_call_reads_secrets(source):
    repair(source, "Secrets")["Action"].append("secretsmanager:GetSecretValue")


def pepper_overwritten(source):
    properties(source, "OnCallRepair")["PolicyDocument"]["Statement"].remove(repair(source, "PepperStays"))


def seal_removed(source):
    properties(source, "OnCallRepair")["PolicyDocument"]["Statement"].remove(repair(source, "SealAndPepperStay"))


def function_that_on_call_cannot_see(source):
    statements = properties(source, "OnCallRead")["PolicyDocument"]["Statement"]
    functions = next(st for st in statements if st["Sid"] == "Functions")
    functions["Resource"] = [arn for arn in functions["Resource"] if "SamlAcs" not in str(arn)]


def log_that_on_call_cannot_read(source):
    statements = properties(source, "OnCallRead")["PolicyDocument"]["Statement"]
    logs = next(st for st in statements if st["Sid"] == "Logs")
    logs["Resource"] = [arn for arn in logs["Resource"] if "SamlAcs" not in str(arn)]


def query_that_on_call_cannot_start(source):
    statements = properties(source, "OnCallRead")["PolicyDocument"]["Statement"]
    next(st for st in statements if st["Sid"] == "Logs")["Action"].remove("logs:StartQuery")


def trail_that_on_call_cannot_see(source):
    statements = properties(source, "OnCallRead")["PolicyDocument"]["Statement"]
    next(st for st in statements if st["Sid"] == "Trails")["Action"].remove("cloudtrail:GetTrailStatus")


def on_call_cannot_list_secrets(source):
    statements = properties(source, "OnCallRead")["PolicyDocument"]["Statement"]
    next(st for st in statements if st["Sid"] == "Lists")["Action"].remove("secretsmanager:ListSecrets")


def on_call_cannot_see_who_is_told(source):
    statements = properties(source, "OnCallRead")["PolicyDocument"]["Statement"]
    statements.remove(next(st for st in statements if st["Sid"] == "Subscribers"))


def on_call_looks_at_people(source):
    statements = properties(source, "OnCallRead")["PolicyDocument"]["Statement"]
    del next(st for st in statements if st["Sid"] == "ClientsAndMirrors")["Condition"]


def page_that_on_call_cannot_follow(source):
    properties(source, "OnCallRepair")["PolicyDocument"]["Statement"].remove(repair(source, "QuietAlarm"))


def other_stack_s_functions(source):
    repair(source, "Rollback")["Resource"] = {"Fn::Sub": "arn:aws:lambda:eu-west-1:1:function:${AWS::StackName}-*"}


def part_of_no_step(source):
    del source["Resources"]["TrustTable"]["Metadata"]


def step_that_does_not_exist(source):
    source["Resources"]["LoginLogGroup"]["Metadata"]["Journey"]["step"] = "later"


def two_sentences(source):
    source["Resources"]["FunctionSlow"]["Metadata"]["Journey"]["serves"] = "It is slow. People wait."


def other_stack_s_alarms(source):
    repair(source, "QuietAlarm")["Resource"] = {"Fn::Sub": "arn:aws:cloudwatch:eu-west-1:1:alarm:${AWS::StackName}-*"}


def same_version(source):
    del properties(source, "SamlAcs")["AutoPublishCodeSha256"]


def no_rollback(source):
    source["Globals"]["Function"]["DeploymentPreference"]["Alarms"] = []


def kind_that_the_pipeline_cannot_make(source):
    source["Resources"]["Stream"] = {"Type": "AWS::Kinesis::Stream"}


def data_that_an_update_may_replace(source):
    source["Resources"]["Stream"] = {"Type": "AWS::Kinesis::Stream", "UpdateReplacePolicy": "Retain"}


DEFECTS = {
    "check_functions": [add_function, drop_function, rename_function, wrong_folder, function_that_nobody_finds],
    "check_routes": [add_route, change_method, drop_default_route],
    "check_schedules": [other_rate, schedule_switched_off, second_schedule, failures_nowhere, queue_that_doctor_does_not_ask],
    "check_buckets": [
        add_bucket,
        public_bucket,
        bucket_of_other_owners,
        bucket_in_clear,
        files_kept_longer,
        files_kept_in_part,
        uploads_that_broke_off_stay,
        versions_of_files,
        named_bucket,
        bucket_without_tls,
        files_with_a_key_of_kms,
        files_with_no_word_of_encryption_refused,
        files_with_a_key_of_their_own,
        bucket_let_somebody_in,
        files_told_to_nobody,
        results_start_runs,
        files_of_any_bucket,
        files_start_another,
        bucket_that_nobody_finds,
        bucket_deleted_with_the_stack,
    ],
    "check_grants": [
        files_that_are_gone_look_forbidden,
        writes_where_customers_do,
        add_action,
        drop_statement,
        other_secret,
        secret_only_where_it_exists,
        extra_policy,
        no_condition,
        one_attribute_more,
        other_leading_keys,
        any_value_instead_of_all,
        same_without_condition,
    ],
    "check_width": [starred_action, starred_resource, managed_policy],
    "check_environment": [other_bucket, add_variable, drop_variable, other_table, production_s_secrets],
    "check_tables": [
        drop_table,
        sort_key_on_logins,
        no_ttl,
        drop_index,
        copied_into_an_index,
        recoverable_logins,
        unrecoverable_directory,
        deleted_with_the_stack,
        left_by_a_failed_creation,
        drop_output,
    ],
    "check_logs": [logs_for_ever, logs_elsewhere],
    "check_alarms": [
        alarm_without_page,
        page_without_alarm,
        silent_alarm,
        alarm_of_every_stack,
        alarm_named_by_aws,
        unwatched_function,
        unwatched_operator,
        slow_where_nobody_waits,
        blind_in_a_quiet_stack,
    ],
    "check_gateway": [no_throttle, callback_without_throttle, throttle_of_nothing, addresses_in_the_log, open_back_door, fails_on_warnings],
    "check_on_call": [
        on_call_scans,
        on_call_reads_secrets,
        pepper_overwritten,
        seal_removed,
        on_call_cannot_list_secrets,
        function_that_on_call_cannot_see,
        log_that_on_call_cannot_read,
        query_that_on_call_cannot_start,
        trail_that_on_call_cannot_see,
        on_call_cannot_see_who_is_told,
        on_call_looks_at_people,
        page_that_on_call_cannot_follow,
        other_stack_s_functions,
        other_stack_s_alarms,
    ],
    "check_journey": [part_of_no_step, step_that_does_not_exist, two_sentences],
    "check_pipeline": [kind_that_the_pipeline_cannot_make],
    "check_protection": [data_that_an_update_may_replace],
    "check_deployment": [same_version, no_rollback],
}


def run(register, source, findings):
    missed = []
    count = 0
    for check, defects in DEFECTS.items():
        for defect in defects:
            broken = copy.deepcopy(source)
            defect(broken)
            count += 1
            if not any(finding.startswith(f"{check}: ") for finding in findings(register, broken)):
                missed.append(f"{check} did not notice: {defect.__name__}")
    if missed:
        sys.exit("\n".join(missed))
    print(f"self-test: {count} defects, each noticed by its check")
