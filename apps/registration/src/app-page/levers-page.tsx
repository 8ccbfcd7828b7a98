import {
  leverErrors,
  planRules,
  requestKinds,
  trialEnvironment,
  type NextError,
  type RequestKind,
} from '@payer/smart';
import { Button, Card, EmptyState, Form, Select, Table, TextArea, Time } from '@payer/ui';
import { mayDevelop } from '../apps/app-access.js';
import type { AppView } from '../apps/app-view.js';
import { errorOf } from '../http/portal-page.js';
import type { LeverGrant, LeversView } from '../levers/lever-fields.js';
import { AppFrame, type AppFrameProps } from './app-frame.js';
import { tabAddress } from './tabs.js';

/** The typed values of a refused form of the tab. */
export interface LeverFields {
  endpoint?: string;
  error?: string;
}

const endpointTitles: Record<RequestKind, string> = {
  authorization: 'Authorization request',
  token: 'Token request',
  fhir: 'FHIR request',
};

/** The levers of an app in the sandbox: errors on demand, and the ends of grants and tokens. */
export function LeversPage(props: AppFrameProps & { levers: LeversView; typed?: LeverFields }) {
  const { app, levers, typed, actor, errors = [] } = props;
  const at = tabAddress(app.client_id, 'levers');
  const canPull = mayDevelop(actor, app) && app.plan !== null && app.status === 'active';
  return (
    <AppFrame tab="levers" {...props}>
      <p>
        Test how your app reacts when something goes wrong. Levers work in the sandbox only.{' '}
        <a href="/docs/levers">What each lever does</a>
      </p>
      {!canPull && <CannotPull app={app} isDeveloper={mayDevelop(actor, app)} />}
      <Waiting waiting={levers.next_errors} at={at} canPull={canPull} />
      {canPull && <NextErrors app={app} at={at} typed={typed} />}
      <Grants grants={levers.grants} at={at} canPull={canPull} />
      {canPull && (
        <Card title="End an access token now">
          <p>
            The token is refused from now on, and its grant lives on. A good app uses its refresh token and
            continues.
          </p>
          <Form action={`${at}/expired-tokens`} class="column">
            <TextArea
              label="Access token"
              name="access_token"
              error={errorOf(errors, 'access_token')}
              hint="Paste the access token of this app. The portal does not keep it."
            />
            <Button variant="danger">End this token</Button>
          </Form>
        </Card>
      )}
      <p>
        <a href={`${tabAddress(app.client_id, 'activity')}?environment=${trialEnvironment}`}>
          See the effect of a lever in Activity
        </a>
      </p>
    </AppFrame>
  );
}

function CannotPull({ app, isDeveloper }: { app: AppView; isDeveloper: boolean }) {
  if (!isDeveloper) return <p>Only developers of the app can use its levers.</p>;
  if (app.plan === null) return <p>Choose the plan of the app first, on the Overview tab.</p>;
  return <p>The app is suspended, so it has no levers now.</p>;
}

function Waiting(props: { waiting: readonly NextError[]; at: string; canPull: boolean }) {
  const { waiting, at, canPull } = props;
  if (waiting.length === 0) return null;
  return (
    <Card title="Waiting for a request">
      <Table
        head={['Next', 'Answers with', 'Waits until', '']}
        rows={waiting.map(({ id, endpoint, error, expires_at }) => [
          endpointTitles[endpoint],
          <a href={`/docs/errors/${error}`}>
            <code>{error}</code>
          </a>,
          <Time iso={expires_at} withTime />,
          canPull && (
            <Form action={`${at}/next-errors/${id}/remove`} class="nowrap">
              <Button variant="secondary">Take back</Button>
            </Form>
          ),
        ])}
      />
    </Card>
  );
}

/** One form per endpoint, so that each list has the errors of its endpoint. */
function NextErrors(props: { app: AppView; at: string; typed: LeverFields | undefined }) {
  const { app, at, typed } = props;
  const hasAuthorization = app.plan !== null && planRules[app.plan].needsRedirectUri;
  return (
    <Card title="Answer the next request with an error">
      <p>The error comes once. The request after it is served as usual.</p>
      {requestKinds
        .filter((endpoint) => endpoint !== 'authorization' || hasAuthorization)
        .map((endpoint) => (
          <Form key={endpoint} action={`${at}/next-errors`} class="column">
            <input type="hidden" name="endpoint" value={endpoint} />
            <Select
              id={`error-${endpoint}`}
              label={endpointTitles[endpoint]}
              name="error"
              value={typed?.endpoint === endpoint ? typed.error : undefined}
              options={leverErrors[endpoint].map(({ code }) => ({ value: code, label: code }))}
            />
            <Button variant="secondary">Set this error</Button>
          </Form>
        ))}
    </Card>
  );
}

function Grants({ grants, at, canPull }: { grants: readonly LeverGrant[]; at: string; canPull: boolean }) {
  if (grants.length === 0)
    return (
      <EmptyState title="No live grant in the sandbox">
        <p>A grant appears here when a sandbox member has said yes to the app.</p>
      </EmptyState>
    );
  return (
    <Card title="End a grant now">
      <p>
        The grant ends as if its member had disconnected the app: codes, refresh tokens and access tokens are
        refused. This cannot be undone. The member can say yes again.
      </p>
      <Table
        head={['Patient', 'Given', 'Grant', '']}
        rows={grants.map(({ grant_id, patient, created_at }) => [
          <code>{patient}</code>,
          <Time iso={created_at.toISOString()} withTime />,
          <code>{grant_id}</code>,
          canPull && (
            <Form action={`${at}/ended-grants`} class="nowrap">
              <input type="hidden" name="grant_id" value={grant_id} />
              <Button variant="danger">End this grant</Button>
            </Form>
          ),
        ])}
      />
    </Card>
  );
}
