import { CodeBlock, Table } from '@payer/ui';
import { allWebhookTypes, webhookTypes } from '../../webhook-events/webhook-types.js';
import { retryDelays } from '../../webhooks/webhook-retries.js';
import type { Document } from './document.js';

const receiver = `import { Webhook } from 'standardwebhooks';

const webhook = new Webhook(process.env.WEBHOOK_SECRET); // whsec_…

app.post('/webhooks', express.text({ type: 'application/json' }), (request, response) => {
  const message = webhook.verify(request.body, request.headers); // throws when the signature is wrong
  response.sendStatus(204);
});`;

export const webhooksDocument: Document = {
  slug: 'webhooks',
  title: 'Webhooks',
  summary: 'Signed messages to your server, their contents, signatures and retries.',
  body: () => (
    <>
      <p>
        Add an endpoint on the Webhooks tab of your app, or by <code>POST /api/apps/:client_id/webhooks</code>
        . The platform then posts a JSON message to it for each event that you chose.
      </p>
      <h2>Events</h2>
      <Table
        head={['Type', 'Meaning', 'Members of data']}
        rows={allWebhookTypes.map((type) => [
          <code>{type}</code>,
          webhookTypes[type].meaning,
          <code>{webhookTypes[type].fields.join(', ')}</code>,
        ])}
      />
      <p>A message names the grant, and never the member.</p>
      <h2>Verify a message</h2>
      <p>
        Messages follow the{' '}
        <a href="https://www.standardwebhooks.com" rel="noopener noreferrer">
          Standard Webhooks
        </a>{' '}
        scheme. The headers are <code>webhook-id</code>, <code>webhook-timestamp</code> and{' '}
        <code>webhook-signature</code>. Verify the signature over the body as it was received. Refuse a
        timestamp that is more than five minutes old. Ignore a <code>webhook-id</code> that you have
        processed.
      </p>
      <CodeBlock>{receiver}</CodeBlock>
      <p>
        After you replace the signing secret, messages bear two signatures for 24 hours: one of the new secret
        and one of the old secret.
      </p>
      <h2>Answers and retries</h2>
      <p>
        Answer with a status of 200 to 299 within 15 seconds. After any other answer the platform tries again
        after {retryDelays.slice(0, -1).map(inWords).join(', ')} and {inWords(retryDelays.at(-1) ?? 0)}. Then
        the message has failed. “Send again” on the Webhooks tab repeats a message with its id. The log keeps
        messages for 30 days. The platform follows no redirect.
      </p>
      <h2>Addresses</h2>
      <p>
        An endpoint has an https URL that leads to a public address. Addresses of inner networks are refused
        when the connection is made.
      </p>
    </>
  ),
};

function inWords(seconds: number): string {
  if (seconds >= 3600) return `${seconds / 3600} hours`;
  return seconds >= 60 ? `${seconds / 60} minutes` : `${seconds} seconds`;
}
