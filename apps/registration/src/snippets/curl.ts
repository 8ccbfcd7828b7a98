import { openThis, pasteThis, redirectUriOf, type Snippet, type SnippetValues } from './snippet.js';

const clientId = ({ app }: SnippetValues) => app?.client_id ?? '${CLIENT_ID:?}';

/** The redirect URI in percent-encoding. The shell has no function for it, so `od` writes each byte. */
function encodedRedirectUri(values: SnippetValues): string {
  const redirectUri = redirectUriOf(values);
  return redirectUri === undefined
    ? `"$(printf %s "\${REDIRECT_URI:?}" | od -An -v -tx1 | tr -d '\\n' | tr ' ' %)"`
    : shellText(encodeURIComponent(redirectUri));
}

/** A text in single quotes. */
const shellText = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;

const tokenIn = `sed -n 's/.*"access_token": *"\\([^"]*\\)".*/\\1/p'`;

export const curl: Snippet = {
  id: 'curl',
  title: 'curl',
  fileName: 'first-call.sh',
  run: 'bash first-call.sh',
  member: (values) => `set -euo pipefail
client_id=${clientId(values)}
client_secret=\${CLIENT_SECRET:?}
redirect_uri=${encodedRedirectUri(values)}
state=$(openssl rand -hex 16)
verifier=$(openssl rand -hex 32)
challenge=$(printf %s "$verifier" | openssl dgst -sha256 -binary | base64 | tr '+/' '-_' | tr -d '=')

echo '${openThis}'
echo "${values.authorizationEndpoint}?response_type=code&client_id=$client_id&redirect_uri=$redirect_uri\\
&scope=${encodeURIComponent(values.scope)}&aud=${encodeURIComponent(values.fhirBaseUrl)}\\
&state=$state&code_challenge=$challenge&code_challenge_method=S256"
echo '${pasteThis}'
read -r address
query="&\${address#*\\?}&"
[[ $query == *"&state=$state&"* ]] || { echo 'This answer belongs to another request.' >&2; exit 1; }
code=$(sed 's/.*&code=\\([^&]*\\)&.*/\\1/' <<<"$query")

access_token=$(curl -sS --fail-with-body -u "$client_id:$client_secret" ${values.tokenEndpoint} \\
  -d grant_type=authorization_code -d "code=$code" -d "code_verifier=$verifier" \\
  -d "redirect_uri=$redirect_uri" | ${tokenIn})

curl -sS --fail-with-body -H "Authorization: Bearer $access_token" '${values.fhirBaseUrl}/Patient'
`,
  system: (values) => `set -euo pipefail
client_id=${clientId(values)}
client_secret=\${CLIENT_SECRET:?}

access_token=$(curl -sS --fail-with-body -u "$client_id:$client_secret" ${values.tokenEndpoint} \\
  -d grant_type=client_credentials --data-urlencode 'scope=${values.scope}' | ${tokenIn})

curl -sS --fail-with-body -H "Authorization: Bearer $access_token" '${values.fhirBaseUrl}/${values.type}?_count=5'
`,
};
