import { jsClientId, jsRedirectUri, jsText } from './javascript.js';
import { openThis, type Snippet } from './snippet.js';

/** The SMART project's own library, as a web application on Node.js uses it. It has no system flow. */
export const fhirclient: Snippet = {
  id: 'fhirclient',
  title: 'JavaScript: fhirclient',
  fileName: 'web-application.mjs',
  install: 'npm install fhirclient',
  run: 'node web-application.mjs',
  note:
    'The program is a web server, and the redirect URI must lead to it: register one such as ' +
    'http://localhost:8080/callback. This library refreshes a token only when the token response names ' +
    'offline_access. So request it, as the program does: the response then names it.',
  member: (values) => `import { createServer } from 'node:http';
import fhirclient from 'fhirclient';

const redirectUri = new URL(${jsRedirectUri(values)});
// The state of one visitor. A real application keeps it in the visitor's session.
const kept = new Map();
const storage = {
  get: async (key) => kept.get(key),
  set: async (key, value) => kept.set(key, value) && value,
  unset: async (key) => kept.delete(key),
};

createServer(async (request, response) => {
  const { pathname } = new URL(request.url, redirectUri);
  const smart = fhirclient(request, response, storage);
  try {
    if (pathname === '/launch')
      await smart.authorize({
        iss: ${jsText(values.fhirBaseUrl)},
        clientId: ${jsClientId(values)},
        clientSecret: process.env.CLIENT_SECRET,
        scope: ${jsText(`${values.scope} offline_access`)},
        redirectUri: redirectUri.href,
      });
    else if (pathname === redirectUri.pathname) {
      const client = await smart.ready();
      response.end(JSON.stringify(await client.patient.read()));
    } else response.writeHead(404).end();
  } catch (error) {
    response.writeHead(500).end(error.message);
  }
}).listen(redirectUri.port || 8080, () => {
  console.log(\`${openThis}\\n\${new URL('/launch', redirectUri)}\`);
});
`,
};
