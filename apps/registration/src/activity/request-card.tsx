import { redirectUriProblem } from '@payer/smart';
import { Badge, Button, Form } from '@payer/ui';
import type { AppView } from '../apps/app-view.js';
import type { RequestView } from './app-requests.js';
import type { ListedRequest } from './repeated-requests.js';
import { nearestUri, UriDifference } from './uri-difference.js';

export const kindTitles = { authorization: 'Authorization', token: 'Token', fhir: 'FHIR' };

const isFailed = ({ error, status }: RequestView) => error !== null || status >= 400;

/** An instant to the second, UTC. */
const secondOf = (iso: string) => `${iso.slice(0, 10)} ${iso.slice(11, 19)}`;

/** One request as a line. A failed request has its cause and its remedy below. */
export function RequestCard({
  listed: { request, times, since },
  app,
  isDeveloper,
}: {
  listed: ListedRequest;
  app: AppView;
  isDeveloper: boolean;
}) {
  const failed = isFailed(request);
  return (
    <section class="card request" id={`request-${request.id}`}>
      <div class="row between">
        <div>
          <span class={failed ? 'failed' : 'ok'}>{failed ? '✕' : '✓'}</span>{' '}
          <strong>{titleOf(request, failed)}</strong>{' '}
          {request.error && (
            <a href={`/docs/errors/${encodeURIComponent(request.error)}`}>
              <code>{request.error}</code>
            </a>
          )}
        </div>
        <div class="row small muted">
          {request.lever && <Badge tone="warn">Lever</Badge>}
          <span>
            <time dateTime={request.at}>{secondOf(request.at)} UTC</time>
            {times > 1 && ` · ${times} times since ${secondOf(since).slice(11)}`}
            {` · ${request.environment}`}
            {request.duration_ms !== null && ` · ${request.duration_ms} ms`}
          </span>
          <Badge tone={failed ? 'bad' : 'good'}>{request.status}</Badge>
        </div>
      </div>
      {failed && <Failure request={request} app={app} isDeveloper={isDeveloper} />}
      {request.request_id && <p class="muted small">Request id {request.request_id}</p>}
    </section>
  );
}

/** The kind and the outcome of a request of OAuth; the request line of one to the FHIR API. */
function titleOf({ kind, method, path }: RequestView, failed: boolean): string {
  if (kind === 'fhir') return `${method} ${path}`;
  return failed ? `${kindTitles[kind]} refused: ${method} ${path}` : `${kindTitles[kind]}: ${method} ${path}`;
}

function Failure({
  request,
  app,
  isDeveloper,
}: {
  request: RequestView;
  app: AppView;
  isDeveloper: boolean;
}) {
  const { redirect_uri: sent } = request;
  const isMismatch = request.error === 'invalid_redirect_uri' && sent !== null;
  const isRegistered = sent !== null && app.redirect_uris.includes(sent);
  return (
    <>
      <p>{request.cause}</p>
      {isMismatch && <UriDifference sent={sent} registered={nearestUri(sent, app.redirect_uris)} />}
      <p>{request.fix}</p>
      {isMismatch && isRegistered && <p>This URI is registered now.</p>}
      {isMismatch && isDeveloper && !isRegistered && !redirectUriProblem(sent) && (
        <Form action={`/apps/${app.client_id}/redirect-uris`}>
          <input type="hidden" name="redirect_uris" value={sent} />
          <div class="row">
            <Button>
              Register <bdi>{sent}</bdi>
            </Button>
            <a class="button secondary" href="/docs/redirect-uris">
              Why so strict?
            </a>
          </div>
        </Form>
      )}
    </>
  );
}
