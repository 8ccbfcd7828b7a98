import { redirectUriProblem } from '@payer/smart';
import { Badge, Button, Form } from '@payer/ui';
import type { AppView } from '../apps/app-view.js';
import type { RequestView } from './app-requests.js';
import { nearestUri, UriDifference } from './uri-difference.js';

const kindTitles = { authorization: 'Authorization', token: 'Token', fhir: 'FHIR' };

const isFailed = ({ error, status }: RequestView) => error !== null || status >= 400;

/** An instant to the second, UTC. */
const secondOf = (iso: string) => `${iso.slice(0, 10)} ${iso.slice(11, 19)}`;

/** One request as a line. A failed request has its cause and its remedy below. */
export function RequestCard({
  request,
  app,
  isDeveloper,
}: {
  request: RequestView;
  app: AppView;
  isDeveloper: boolean;
}) {
  const failed = isFailed(request);
  return (
    <section class="card request">
      <div class="row between">
        <div>
          <span class={failed ? 'failed' : 'ok'}>{failed ? '✕' : '✓'}</span>{' '}
          <strong>
            {kindTitles[request.kind]}: {request.method} {request.path}
          </strong>{' '}
          {request.error && (
            <a href={`/docs/errors/${encodeURIComponent(request.error)}`}>
              <code>{request.error}</code>
            </a>
          )}
        </div>
        {request.lever && <Badge tone="warn">Lever</Badge>}
        <Badge tone={failed ? 'bad' : 'good'}>{request.status}</Badge>
      </div>
      <p class="muted small">
        <time dateTime={request.at}>{secondOf(request.at)} UTC</time> · {request.environment}
        {request.duration_ms !== null && ` · ${request.duration_ms} ms`}
        {request.request_id && ` · request ${request.request_id}`}
      </p>
      {failed && <Failure request={request} app={app} isDeveloper={isDeveloper} />}
    </section>
  );
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
          <Button variant="secondary">
            Register <bdi>{sent}</bdi>
          </Button>
        </Form>
      )}
    </>
  );
}
