import { openThis, pasteThis, redirectUriOf, type Snippet, type SnippetValues } from './snippet.js';

/** A text as a literal of Python. Python reads the escapes of JSON. */
const pythonText = (text: string) => JSON.stringify(text);

const clientId = ({ app }: SnippetValues) => (app ? pythonText(app.client_id) : 'os.environ["CLIENT_ID"]');

function redirectUri(values: SnippetValues): string {
  const uri = redirectUriOf(values);
  return uri === undefined ? 'os.environ["REDIRECT_URI"]' : pythonText(uri);
}

const plainHttp = ({ isPlainHttp }: SnippetValues) =>
  isPlainHttp
    ? `# Plain http is for one machine only.
os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"
`
    : '';

export const python: Snippet = {
  id: 'python',
  title: 'Python: Authlib',
  fileName: 'first_call.py',
  install: 'python3 -m pip install Authlib requests',
  run: 'python3 first_call.py',
  member: (values) => `import os

import requests
from authlib.common.security import generate_token
from authlib.integrations.requests_client import OAuth2Session

${plainHttp(values)}server = requests.get("${values.issuer}/.well-known/openid-configuration", timeout=30).json()
session = OAuth2Session(
    ${clientId(values)},
    os.environ["CLIENT_SECRET"],
    scope=${pythonText(values.scope)},
    redirect_uri=${redirectUri(values)},
    code_challenge_method="S256",
)
verifier = generate_token(48)
url, state = session.create_authorization_url(
    server["authorization_endpoint"],
    code_verifier=verifier,
    aud=${pythonText(values.fhirBaseUrl)},
)
print("${openThis}", url, sep="\\n")
address = input("${pasteThis}\\n")

token = session.fetch_token(
    server["token_endpoint"],
    authorization_response=address,
    code_verifier=verifier,
    state=state,
)
print(session.get(f"${values.fhirBaseUrl}/Patient/{token['patient']}").text)
`,
  system: (values) => `import os

import requests
from authlib.integrations.requests_client import OAuth2Session

${plainHttp(values)}server = requests.get("${values.issuer}/.well-known/openid-configuration", timeout=30).json()
session = OAuth2Session(
    ${clientId(values)},
    os.environ["CLIENT_SECRET"],
    scope=${pythonText(values.scope)},
)
session.fetch_token(server["token_endpoint"], grant_type="client_credentials")
print(session.get("${values.fhirBaseUrl}/${values.type}?_count=5").text)
`,
};
