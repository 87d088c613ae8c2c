"""Holds a SCIM server against the RFCs with scim2-tester: check.py URL true|false, with the bearer token in SCIM_TOKEN.

Prints a line for each thing that was tried, and what the server is objected to. The second argument is the value that
the tester gives to what is true or false; it would throw a coin, and another thing would be tried each time.
"""

import os
import random
import sys

from httpx2 import Client
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_tester import check_server

# To remove "active" of somebody who is not is refused, and why (docs/decisions/0027-what-a-scim-request-leaves-out.md).
REFUSED = "The person is not active, and would be without"


def main():
    url, coin = sys.argv[1], {"true": True, "false": False}[sys.argv[2]]
    thrown = random.choice
    random.choice = lambda options: coin if list(options) == [True, False] else thrown(options)
    headers = {"Authorization": f"Bearer {os.environ['SCIM_TOKEN']}"}
    with Client(base_url=url, headers=headers, timeout=30) as http:
        client = SyncSCIMClient(http)
        client.discover()
        for result in check_server(client):
            is_known = not coin and REFUSED in str(result.reason)
            print(f"{'REFUSED' if is_known else result.status.name} {result.title}")
            if result.status.name not in ("SUCCESS", "SKIPPED"):
                print(f"    {result.reason}\n    {result.data}")


if __name__ == "__main__":
    main()
