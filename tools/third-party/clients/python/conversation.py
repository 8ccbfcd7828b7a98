"""How a client speaks with the test that starts it: the test plays the member's browser.

The client writes one JSON object a line. For {"authorize": URL} the test signs the member in, says yes, and
answers with one line: the redirect URI with its query. The last object holds the results.
"""

import json
import os
import sys
import time

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


# Seconds for a revocation to arrive on a busy machine. The platform promises 30 s at most.
PATIENCE = 5


def when_refused(read):
    """Reads again until the answer is a refusal: the event of a revocation takes milliseconds."""
    begun = time.monotonic()
    while True:
        answer = read()
        if answer.status_code != 200 or time.monotonic() - begun > PATIENCE:
            return answer


def finish(**results):
    """Reports the results: what the client read, and the status of a read after the revocation."""
    print(json.dumps(results), flush=True)
