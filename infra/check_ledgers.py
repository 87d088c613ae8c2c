"""Says which of stoa's own faults no test of a whole login produced: check_ledgers.py FAULT_LEDGER.

The ledger is the file that STOA_FAULT_LEDGER named while the tests ran. Faults that the SAML verifier names are left
out: its own tests produce each of them, without a login. (Grants have their own reader: the example `unused-grants`.)
"""

import sys
from pathlib import Path

# Faults that no whole login produces, and why. The list may only shrink.
EXCEPTIONS = {
    "internal": "a defect of ours; crates/stoa-service/src/edge.rs tries it with a flow that panics",
}

PAGES = Path(__file__).resolve().parent.parent / "docs/runbook/faults"


def main():
    own = {page.stem for page in PAGES.glob("*.md") if not page.stem.startswith("saml_")}
    seen = set(Path(sys.argv[1]).read_text().split())
    missing = sorted(own - seen - EXCEPTIONS.keys())
    needless = sorted(EXCEPTIONS.keys() & seen | EXCEPTIONS.keys() - own)
    for fault in missing:
        print(f"no test produced: {fault}")
    for fault in needless:
        print(f"no exception any more: {fault}; take it out of {Path(__file__).name}")
    print(f"{len(own & seen)} of {len(own)} own faults were produced by tests of whole logins")
    sys.exit(bool(missing or needless))


if __name__ == "__main__":
    main()
