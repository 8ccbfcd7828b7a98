"""Authlib: OAuth2Session with PKCE, refresh and revocation."""

import requests
from authlib.common.security import generate_token
from authlib.integrations.requests_client import OAuth2Session

import conversation as test

metadata = requests.get(f"{test.issuer}/.well-known/openid-configuration", timeout=30).json()

if test.flow == "directory":
    session = OAuth2Session(test.client_id, test.client_secret, scope=test.scope)
    session.fetch_token(metadata["token_endpoint"], grant_type="client_credentials")
    page = session.get(f"{test.fhir_base}/Practitioner?_count=2").json()
    following = next(link["url"] for link in page["link"] if link["relation"] == "next")
    test.finish(found=len(page["entry"]), next=len(session.get(following).json()["entry"]))
else:
    session = OAuth2Session(
        test.client_id,
        test.client_secret,
        scope=test.scope,
        redirect_uri=test.redirect_uri,
        code_challenge_method="S256",
    )
    verifier = generate_token(48)
    url, state = session.create_authorization_url(metadata["authorization_endpoint"], code_verifier=verifier)
    token = session.fetch_token(
        metadata["token_endpoint"],
        authorization_response=test.authorize(url),
        code_verifier=verifier,
        state=state,
    )
    patient = session.get(f"{test.fhir_base}/Patient/{token['patient']}").json()
    refreshed = session.refresh_token(metadata["token_endpoint"], refresh_token=token["refresh_token"])
    claims = session.get(f"{test.fhir_base}/ExplanationOfBenefit?_summary=count").json()
    session.revoke_token(metadata["revocation_endpoint"], token=refreshed["refresh_token"])
    bearer = {"Authorization": f"Bearer {refreshed['access_token']}"}
    after = test.when_refused(
        lambda: session.get(f"{test.fhir_base}/Patient/{token['patient']}", withhold_token=True, headers=bearer)
    )
    test.finish(patient=patient["id"], claims=claims["total"], after_revocation=after.status_code)
