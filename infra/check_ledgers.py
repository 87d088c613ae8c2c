"""Says what the tests of whole logins left out: check_ledgers.py REGISTER GRANT_LEDGER FAULT_LEDGER.

The register is what `cargo run -p stoa-core --example routes_json` prints; the ledgers are the files that
STOA_GRANT_LEDGER and STOA_FAULT_LEDGER named while the tests ran. A grant that no call used is one too many, and a
fault that nothing produced is one that nobody has seen. Faults that the SAML verifier names are left out: its own
tests produce each of them, without a login.
"""

import json
import sys
from pathlib import Path

# Faults that no whole login produces, and why. The list may only shrink.
EXCEPTIONS = {
    "internal": "a defect of ours; crates/stoa-service/src/edge.rs tries it with a flow that panics",
}

PAGES = Path(__file__).resolve().parent.parent / "docs/runbook/faults"


def granted(register):
    for function in register["functions"]:
        for grant in function["grants"]:
            kind = next(kind for kind in ("table", "index", "secret", "bucket", "objects") if kind in grant)
            for action in grant["actions"]:
                yield f"{function['name']} {action} {kind}/{grant[kind]}"


def main():
    register, grant_ledger, fault_ledger = (Path(path).read_text() for path in sys.argv[1:4])
    declared, used = set(granted(json.loads(register))), set(grant_ledger.splitlines())
    own = {page.stem for page in PAGES.glob("*.md") if not page.stem.startswith("saml_")}
    seen = set(fault_ledger.split())
    findings = [
        *(f"granted and never used: {grant}" for grant in sorted(declared - used)),
        *(f"no test produced: {fault}" for fault in sorted(own - seen - EXCEPTIONS.keys())),
        *(f"no exception any more: {fault}" for fault in sorted(EXCEPTIONS.keys() & seen | EXCEPTIONS.keys() - own)),
    ]
    for finding in findings:
        print(finding)
    print(f"{len(declared & used)} of {len(declared)} grants used, {len(own & seen)} of {len(own)} own faults produced")
    sys.exit(bool(findings))


if __name__ == "__main__":
    main()
