"""Protects a stack that is deployed: no update replaces or deletes what people depend on, and nobody deletes production.

    .venv/bin/python infra/protect_stack.py STACK REGION STAGE

infra/deploy.sh runs it after each deployment. It changes nothing that is already so. `infra/stack-policy.json` says what
is protected; whoever really means to replace such a part changes that file first.
"""

import argparse
from pathlib import Path

import boto3

POLICY = Path(__file__).resolve().parent / "stack-policy.json"


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("stack")
    arguments.add_argument("region")
    arguments.add_argument("stage", choices=["dev", "prod"])
    given = arguments.parse_args()
    client = boto3.client("cloudformation", region_name=given.region)
    client.set_stack_policy(StackName=given.stack, StackPolicyBody=POLICY.read_text())
    print(f"{given.stack}: tables, host and API can be neither replaced nor deleted by an update")
    if given.stage == "prod":
        client.update_termination_protection(StackName=given.stack, EnableTerminationProtection=True)
        print(f"{given.stack}: it cannot be deleted")


if __name__ == "__main__":
    main()
