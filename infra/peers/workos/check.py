"""Holds signed events against WorkOS's own library, as its documentation has an endpoint do it.

    .venv/bin/python infra/peers/workos/check.py < deliveries

Each line of standard input is JSON: `body`, `signature` (the header), `secret`. Of each it prints what the library says:
`ACCEPTED` and the kind of event that it reads, or `REFUSED` and why.
"""

import json
import sys

from workos import WorkOSClient

# Neither is used: nothing is called.
webhooks = WorkOSClient(api_key="sk_test_none", client_id="client_none").webhooks

for line in sys.stdin:
    delivery = json.loads(line)
    try:
        event = webhooks.verify_event(
            event_body=delivery["body"].encode(),
            event_signature=delivery["signature"],
            secret=delivery["secret"],
        )
        print("ACCEPTED", type(event).__name__, flush=True)
    except (ValueError, KeyError, TypeError) as error:
        print("REFUSED", type(error).__name__, error.args[0] if error.args else "", flush=True)
