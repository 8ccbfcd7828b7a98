"""How a client speaks with the test that starts it: the test plays the member's browser.

The client writes one JSON object a line. For {"authorize": URL} the test signs the member in, says yes, and
answers with one line: the redirect URI with its query. The last object holds the results.
"""

import json
import os
import sys

issuer = os.environ["ISSUER"]
fhir_base = os.environ["FHIR_BASE"]
client_id = os.environ["CLIENT_ID"]
client_secret = os.environ["CLIENT_SECRET"]
redirect_uri = os.environ["REDIRECT_URI"]
scope = os.environ["SCOPE"]
flow = os.environ["FLOW"]


def authorize(url):
    """Sends the member to the authorization endpoint. Returns the redirect URI with its query."""
    print(json.dumps({"authorize": url}), flush=True)
    return sys.stdin.readline().strip()


def finish(**results):
    """Reports the results: what the client read, and the status of a read after the revocation."""
    print(json.dumps(results), flush=True)
