"""requests-oauthlib: OAuth2Session for both flows."""

from oauthlib.oauth2 import BackendApplicationClient
from requests_oauthlib import OAuth2Session

import conversation as test

token_endpoint = f"{test.issuer}/token"

if test.flow == "directory":
    session = OAuth2Session(client=BackendApplicationClient(test.client_id, scope=test.scope.split()))
    session.fetch_token(token_endpoint, client_id=test.client_id, client_secret=test.client_secret)
    page = session.get(f"{test.fhir_base}/Practitioner?_count=2").json()
    following = next(link["url"] for link in page["link"] if link["relation"] == "next")
    test.finish(found=len(page["entry"]), next=len(session.get(following).json()["entry"]))
else:
    session = OAuth2Session(test.client_id, redirect_uri=test.redirect_uri, scope=test.scope.split(), pkce="S256")
    url, _ = session.authorization_url(f"{test.issuer}/authorize")
    token = session.fetch_token(
        token_endpoint, authorization_response=test.authorize(url), client_secret=test.client_secret
    )
    patient = session.get(f"{test.fhir_base}/Patient/{token['patient']}").json()
    session.refresh_token(token_endpoint, auth=(test.client_id, test.client_secret))
    claims = session.get(f"{test.fhir_base}/ExplanationOfBenefit?_summary=count").json()
    session.post(
        f"{test.issuer}/revoke",
        data={"token": session.token["refresh_token"]},
        auth=(test.client_id, test.client_secret),
        withhold_token=True,
    ).raise_for_status()
    after = test.when_refused(lambda: session.get(f"{test.fhir_base}/Patient/{token['patient']}"))
    test.finish(patient=patient["id"], claims=claims["total"], after_revocation=after.status_code)
