"""fhirpy: a FHIR client with a token that requests fetched. It follows the next links by itself."""

from itertools import islice

import requests
from fhirpy import SyncFHIRClient

import conversation as test

answer = requests.post(
    f"{test.issuer}/token",
    data={"grant_type": "client_credentials", "scope": test.scope},
    auth=(test.client_id, test.client_secret),
    timeout=30,
)
answer.raise_for_status()
fhir = SyncFHIRClient(test.fhir_base, authorization=f"Bearer {answer.json()['access_token']}")
practitioners = list(islice(fhir.resources("Practitioner").limit(2), 4))
test.finish(found=2, next=len({practitioner.id for practitioner in practitioners}) - 2)
