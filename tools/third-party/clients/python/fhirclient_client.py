"""The SMART project's fhirclient for Python: endpoints from the CapabilityStatement, resources as objects."""

import requests
from fhirclient import client
from fhirclient.models.explanationofbenefit import ExplanationOfBenefit

import conversation as test

smart = client.FHIRClient(
    settings={
        "app_id": test.client_id,
        "app_secret": test.client_secret,
        "api_base": test.fhir_base,
        "redirect_uri": test.redirect_uri,
        "scope": test.scope,
    }
)
smart.prepare()
smart.handle_callback(test.authorize(smart.authorize_url))
patient = smart.patient
smart.reauthorize()
claims = list(ExplanationOfBenefit.where(struct={"_count": "5"}).perform_resources_iter(smart.server))
requests.post(
    f"{test.issuer}/revoke",
    data={"token": smart.server.auth.refresh_token},
    auth=(test.client_id, test.client_secret),
    timeout=30,
).raise_for_status()
after = test.when_refused(
    lambda: requests.get(
        f"{test.fhir_base}/Patient/{patient.id}",
        headers={"Authorization": f"Bearer {smart.server.auth.access_token}"},
        timeout=30,
    )
)
test.finish(patient=patient.id, claims=len(claims), after_revocation=after.status_code)
