"""Holds a SCIM server against the RFCs with scim2-tester: check.py URL, with the bearer token in SCIM_TOKEN.

Prints a line for each thing that was tried, and what the server is objected to.
"""

import os
import sys

from httpx2 import Client
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_tester import check_server


def main():
    headers = {"Authorization": f"Bearer {os.environ['SCIM_TOKEN']}"}
    with Client(base_url=sys.argv[1], headers=headers, timeout=30) as http:
        client = SyncSCIMClient(http)
        client.discover()
        for result in check_server(client):
            print(f"{result.status.name} {result.title}")
            if result.status.name not in ("SUCCESS", "SKIPPED"):
                print(f"    {result.reason}\n    {result.data}")


if __name__ == "__main__":
    main()
