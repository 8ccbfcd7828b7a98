import { jsClientId, jsRedirectUri, jsText } from './javascript.js';
import { openThis, pasteThis, type Snippet, type SnippetValues } from './snippet.js';

const discovery = (values: SnippetValues) => `const configuration = await openid.discovery(
  new URL(${jsText(values.issuer)}),
  ${jsClientId(values)},
  undefined,
  openid.ClientSecretBasic(process.env.CLIENT_SECRET),${
    values.isPlainHttp
      ? `
  // Plain http is for one machine only.
  { execute: [openid.allowInsecureRequests] },`
      : ''
  }
);`;

export const openidClient: Snippet = {
  id: 'openid-client',
  title: 'JavaScript: openid-client',
  fileName: 'first-call.mjs',
  install: 'npm install openid-client',
  run: 'node first-call.mjs',
  member: (values) => `import { createInterface } from 'node:readline/promises';
import * as openid from 'openid-client';

${discovery(values)}
const verifier = openid.randomPKCECodeVerifier();
const state = openid.randomState();
const url = openid.buildAuthorizationUrl(configuration, {
  redirect_uri: ${jsRedirectUri(values)},
  scope: ${jsText(values.scope)},
  aud: ${jsText(values.fhirBaseUrl)},
  state,
  code_challenge: await openid.calculatePKCECodeChallenge(verifier),
  code_challenge_method: 'S256',
});
console.log(\`${openThis}\\n\${url}\`);
const terminal = createInterface({ input: process.stdin, output: process.stdout });
const address = await terminal.question('${pasteThis}\\n');
terminal.close();

const tokens = await openid.authorizationCodeGrant(configuration, new URL(address), {
  pkceCodeVerifier: verifier,
  expectedState: state,
});
const answer = await openid.fetchProtectedResource(
  configuration,
  tokens.access_token,
  new URL(\`${values.fhirBaseUrl}/Patient/\${tokens.patient}\`),
  'GET',
);
console.log(await answer.text());
`,
  system: (values) => `import * as openid from 'openid-client';

${discovery(values)}
const tokens = await openid.clientCredentialsGrant(configuration, { scope: ${jsText(values.scope)} });
const answer = await openid.fetchProtectedResource(
  configuration,
  tokens.access_token,
  new URL('${values.fhirBaseUrl}/${values.type}?_count=5'),
  'GET',
);
console.log(await answer.text());
`,
};
