import { Table } from '@payer/ui';
import type { Document } from './document.js';

export const limitsDocument: Document = {
  slug: 'limits',
  title: 'Limits',
  summary: 'How much one app, developer or address may ask for.',
  body: ({ limits, fhir }) => (
    <>
      <p>
        When you reach a limit, the answer is 429 with <code>Retry-After</code>, in seconds. The answers of
        the token endpoint and of this portal say in <code>RateLimit</code> and <code>RateLimit-Policy</code>{' '}
        how much is left.
      </p>
      <Table head={['What', 'Limit']} rows={limits.map(({ what, limit }) => [what, limit])} />
      <h2>FHIR API</h2>
      <p>
        Apps share the FHIR API fairly: while it is busy, an app that asks for more than its share waits or
        gets <a href="/docs/errors/throttled">throttled</a>. An app that asks for little is served as if it
        were alone.
      </p>
      <p>
        {fhir?.parameters.find(({ name }) => name === '_count')?.documentation ??
          'The CapabilityStatement says how many resources a page holds.'}
        .
      </p>
      <h2>Good manners</h2>
      <ul>
        <li>Keep an access token for its lifetime instead of asking for one per request.</li>
        <li>
          Ask for changes with <code>_lastUpdated</code> instead of reading everything again.
        </li>
        <li>Use If-None-Match with the ETag of a resource that you have read.</li>
      </ul>
    </>
  ),
};
