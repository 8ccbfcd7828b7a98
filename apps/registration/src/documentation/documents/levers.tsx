import { leverErrors, leverHeader, leverLifetime, requestKinds } from '@payer/smart';
import { CodeBlock, Table } from '@payer/ui';
import type { Document } from './document.js';

export const leversDocument: Document = {
  slug: 'levers',
  title: 'Levers',
  summary: 'Make the sandbox answer with an error, or end a grant or a token, to test your app.',
  body: ({ portalUrl }) => (
    <>
      <p>
        The tab Levers of an app makes things go wrong on purpose. Levers work in the sandbox only, and only
        for the developers of the app. The history of the organization lists each act.
      </p>
      <Table
        head={['Lever', 'Effect']}
        rows={[
          [
            'Answer the next request with an error',
            `One authorization, token or FHIR request of the app gets the error. A lever that no request meets ends after ${leverLifetime / 60} minutes. An error that waits is replaced by the next one of the same kind.`,
          ],
          [
            'End a grant now',
            'Codes, refresh tokens and access tokens of the grant are refused. The error code is grant_ended_by_developer.',
          ],
          [
            'End an access token now',
            'The FHIR API answers 401 to this token. The refresh token of the grant gives a new one.',
          ],
        ]}
      />
      <p>
        A lever takes effect within a second. The answer that a lever caused has the header{' '}
        <code>{leverHeader}</code> with the id of the lever, and Activity marks the request. A request that
        the server refuses for another reason does not use up the lever.
      </p>
      <h2 id="api">With the JSON API</h2>
      <CodeBlock>{`curl -X POST ${portalUrl}/api/apps/CLIENT_ID/levers/next-errors \\
  -H 'Authorization: Bearer SESSION_TOKEN' -H 'Content-Type: application/json' \\
  -d '{"endpoint": "token", "error": "invalid_grant"}'`}</CodeBlock>
      <h2 id="errors">Errors that can be asked for</h2>
      <Table
        head={['Request', 'Errors']}
        rows={requestKinds.map((endpoint) => [
          endpoint,
          leverErrors[endpoint].map(({ code }, index) => (
            <>
              {index > 0 && ', '}
              <a href={`/docs/errors/${code}`}>{code}</a>
            </>
          )),
        ])}
      />
    </>
  ),
};
