import { Badge, Button, Card, CodeBlock, Confirmation, Form, Secret, TextField, Time } from '@payer/ui';
import { mayDevelop } from '../apps/app-access.js';
import type { AppView } from '../apps/app-view.js';
import { errorOf, type SignedInShell } from '../http/portal-page.js';
import { chosenWebhookTypes, webhookTypes, type WebhookType } from '../webhook-events/webhook-types.js';
import type { WebhookEndpointView } from '../webhooks/webhook-endpoints.service.js';
import type { WebhookDeliveryView } from '../webhooks/webhook-log.service.js';
import { AppFrame, AppSubpage, type AppFrameProps } from './app-frame.js';
import { tabAddress } from './tabs.js';
import type { WebhookFields } from './webhooks-pages.controller.js';

/** An endpoint on the page. The secret is there for the developer of the app only. */
type ShownEndpoint = WebhookEndpointView & { secret?: string };

const titleOf = (type: string) => webhookTypes[type as WebhookType]?.title ?? type;

export function WebhooksPage(
  props: AppFrameProps & {
    endpoints: readonly ShownEndpoint[];
    messages: readonly WebhookDeliveryView[];
    typed?: WebhookFields;
  },
) {
  const { app, endpoints, messages, typed, actor, errors = [] } = props;
  const at = tabAddress(app.client_id, 'webhooks');
  const isDeveloper = mayDevelop(actor, app);
  return (
    <AppFrame tab="webhooks" {...props}>
      <p>
        The platform posts a signed message to your server when something happens to the app. Messages follow
        the Standard Webhooks scheme. <a href="/docs/webhooks">How to receive and verify them</a>
      </p>
      {endpoints.map((endpoint) => (
        <EndpointCard key={endpoint.id} endpoint={endpoint} at={at} isDeveloper={isDeveloper} />
      ))}
      {isDeveloper && (
        <Card title="Add an endpoint">
          <Form action={at} class="column">
            <TextField
              label="URL"
              name="url"
              type="url"
              value={typed?.url}
              error={errorOf(errors, 'url')}
              hint="An https URL of your server, such as https://client-app.example/webhooks."
              spellcheck={false}
            />
            <fieldset>
              <legend>Events</legend>
              {errorOf(errors, 'types') && <p class="field-error">{errorOf(errors, 'types')}</p>}
              {chosenWebhookTypes.map((type) => (
                <TypeChoice key={type} type={type} typed={typed} />
              ))}
            </fieldset>
            <Button>Add the endpoint</Button>
          </Form>
        </Card>
      )}
      <Card title="Messages">
        {messages.length === 0 && <p>No message yet. A test shows whether your server receives messages.</p>}
        {messages.map((message) => (
          <Message key={message.id} message={message} at={at} isDeveloper={isDeveloper} />
        ))}
      </Card>
    </AppFrame>
  );
}

function TypeChoice({ type, typed }: { type: WebhookType; typed: WebhookFields | undefined }) {
  const isChecked = typed ? [typed.types ?? []].flat().includes(type) : true;
  const { title, meaning } = webhookTypes[type];
  const id = `type-${type.replace('.', '-')}`;
  return (
    <div class="choice">
      <input type="checkbox" id={id} name="types" value={type} checked={isChecked} />
      <label for={id}>
        {title}
        <span class="hint"> {meaning}</span>
      </label>
    </div>
  );
}

function EndpointCard(props: { endpoint: ShownEndpoint; at: string; isDeveloper: boolean }) {
  const { endpoint, at, isDeveloper } = props;
  const own = `${at}/${endpoint.id}`;
  return (
    <section class="card">
      <h2 class="words">{endpoint.url}</h2>
      <p class="muted">{endpoint.types.map(titleOf).join(' · ')}</p>
      {endpoint.secret && (
        <details>
          <summary>Signing secret</summary>
          <Secret value={endpoint.secret} />
        </details>
      )}
      {isDeveloper && (
        <div class="row">
          <Form action={`${own}/test`}>
            <Button>Send a test</Button>
          </Form>
          <Form action={`${own}/secret`}>
            <Button variant="secondary">Replace the signing secret</Button>
          </Form>
          <a class="button danger" href={`${own}/remove`}>
            Remove
          </a>
        </div>
      )}
    </section>
  );
}

const tones = { delivered: 'good', waiting: 'warn', failed: 'bad' } as const;

function Message(props: { message: WebhookDeliveryView; at: string; isDeveloper: boolean }) {
  const { message, at, isDeveloper } = props;
  return (
    <details class="card">
      <summary>
        <Badge tone={tones[message.status]}>{message.status}</Badge> {titleOf(message.type)},{' '}
        <Time iso={message.created_at} withTime />
      </summary>
      <p class="words">
        To {message.url}, {message.attempts} {message.attempts === 1 ? 'attempt' : 'attempts'}
        {message.last_status !== null && `, status ${message.last_status}`}
      </p>
      {message.last_error && <p>{message.last_error}</p>}
      {message.next_attempt_at && message.attempts > 0 && (
        <p>
          Next attempt: <Time iso={message.next_attempt_at} withTime />
        </p>
      )}
      <p>
        <code>webhook-id: {message.message_id}</code>
      </p>
      <CodeBlock isTall>{message.payload}</CodeBlock>
      {isDeveloper && (
        <Form action={`${at}/messages/${message.id}/send-again`}>
          <Button variant="secondary">Send again</Button>
        </Form>
      )}
    </details>
  );
}

export function RemoveWebhookPage(props: SignedInShell & { app: AppView; endpoint: string; url: string }) {
  const { app, endpoint, url, ...shell } = props;
  const at = tabAddress(app.client_id, 'webhooks');
  return (
    <AppSubpage app={app} tab="webhooks" title="Remove a webhook endpoint" {...shell}>
      <Confirmation
        effects={[
          <>
            <code>{url}</code> receives no further message.
          </>,
          'Messages that wait for another attempt are dropped, and the log of the endpoint is deleted.',
          'The signing secret is deleted. A new endpoint gets a new secret.',
        ]}
        action={`${at}/${endpoint}/remove`}
        button="Remove this endpoint"
        back={{ href: at, label: 'Keep it' }}
      />
    </AppSubpage>
  );
}
