import { redirectUriProblem } from '@payer/smart';
import { Table } from '@payer/ui';
import type { Document } from './document.js';

/** Examples. The rule itself computes their verdicts. */
const examples = [
  'https://client-app.example/redirect',
  'https://client-app.example/redirect/?tenant=7',
  'http://localhost:8080/callback',
  'http://127.0.0.1/callback',
  'http://client-app.example/redirect',
  'https://client-app.example/#done',
  'https://*.client-app.example/redirect',
  'https://user@client-app.example/redirect',
  'https://client-app.example/redirect?code=1',
  'client-app://redirect',
  '/redirect',
];

export const redirectUriRules: Document = {
  slug: 'redirect-uris',
  title: 'Redirect URI rules',
  summary: 'What a redirect URI may look like, and why the comparison is strict.',
  body: () => (
    <>
      <p>
        An authorization request names a redirect URI, and the server compares it with the registered ones
        character for character. A trailing slash counts, so does the case of a letter, and so does a port.
      </p>
      <p>
        The reason is the code in the answer: the receiver of the redirect gets the code. A comparison that
        forgives a difference also forgives an attacker’s address (RFC 9700 §4.1.3).
      </p>
      <Table
        head={['Redirect URI', 'Verdict']}
        rows={examples.map((uri) => {
          const problem = redirectUriProblem(uri);
          return [<code>{uri}</code>, problem ? `Refused: ${problem}` : 'May be registered'];
        })}
      />
      <h2>If it does not match</h2>
      <p>
        The browser is not redirected. The member sees that nothing was shared, and the page names the URI
        that the app sent. The attempt is on the Activity page of the app, beside the registered URIs, and
        there you can register the one that was sent.
      </p>
      <h2>The portal’s own redirect URI</h2>
      <p>
        “Try it” uses a redirect URI of the portal. Every app with a redirect URI has it in the sandbox.
        Production never accepts it.
      </p>
    </>
  ),
};
