"""Reads the API's description, as SAM translates it, with a parser that knows nothing of SAM: check_openapi.py

API Gateway imports the description as OpenAPI 3.0. Its parser is not to be had here. This one is stricter: what it says
of every API that SAM makes is listed below, with why the import bears it. Anything else is new, and may be the import's
last word on a deployment.
"""

import sys
from collections import Counter

from openapi_spec_validator import OpenAPIV30SpecValidator

from check_template import ROOT, translate, yaml_parse

# (where, what): why it does no harm.
KNOWN = {
    ("info.title", "is not of type 'string'"): "a reference, which is text once CloudFormation has resolved it",
    ("servers.*", "'url' is a required property"): "SAM's way to close the API's own address; a warning, so no FailOnWarnings",
    ("paths", "does not match any of the regexes"): "$default, the gateway's own name for every other path",
    ("paths.*.responses", "should be non-empty"): "the function says what it answers",
    ("paths.*.parameters.*", "is not valid under any of the given schemas"): "SAM names parameters without a schema",
}


def kinds(body):
    for error in OpenAPIV30SpecValidator(body).iter_errors():
        steps = ["*" if isinstance(step, int) else step for step in error.path]
        # Whichever path and method it is.
        steps[1:3] = ["*"] if len(steps) > 2 and steps[0] == "paths" else steps[1:3]
        where = ".".join(steps)
        what = next((what for _, what in KNOWN if what in error.message), error.message)
        yield where, what


def main():
    source = yaml_parse((ROOT / "template.yaml").read_text())
    body = translate(source)["HttpApi"]["Properties"]["Body"]
    found = Counter(kinds(body))
    for (where, what), count in sorted(found.items()):
        print(f"{where}: {what} ({count}): {KNOWN.get((where, what), 'NEW')}")
    print(f"{len(body['paths'])} paths read as OpenAPI {body['openapi']}")
    sys.exit(bool(found.keys() - KNOWN.keys()))


if __name__ == "__main__":
    main()
