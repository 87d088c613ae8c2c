"""Writes the alarms of the template into infra/alarms.json, for the test that shows each of them fire and clear.

    .venv/bin/python infra/write_alarms.py [--write]

Without `--write` it compares.
"""

import json
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent


class Loader(yaml.SafeLoader):
    """Reads CloudFormation's short forms as their long ones."""


def long_form(loader, suffix, node):
    name = "Ref" if suffix == "Ref" else f"Fn::{suffix}"
    if isinstance(node, yaml.ScalarNode):
        return {name: loader.construct_scalar(node)}
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    return {name: loader.construct_mapping(node, deep=True)}


Loader.add_multi_constructor("!", long_form)


def main():
    source = yaml.load((ROOT / "template.yaml").read_text(), Loader)
    alarms = {
        name: {key: value for key, value in resource["Properties"].items() if key not in ("AlarmActions", "OKActions")}
        for name, resource in source["Resources"].items()
        if resource["Type"] == "AWS::CloudWatch::Alarm"
    }
    path, wanted = ROOT / "infra/alarms.json", json.dumps(alarms, indent=1) + "\n"
    if "--write" in sys.argv:
        path.write_text(wanted)
    elif path.read_text() != wanted:
        sys.exit("infra/alarms.json is not current; `infra/write_alarms.py --write` writes it")
    else:
        print(f"infra/alarms.json is current: {len(alarms)} alarms")


if __name__ == "__main__":
    main()
