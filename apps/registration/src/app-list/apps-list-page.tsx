import { Button, Card, EmptyState, Form, Notice, Secret, Table, Time } from '@payer/ui';
import { PortalPage, type SignedInShell } from '../http/portal-page.js';
import type { AppView } from '../apps/app-view.js';
import type { ListedToken } from '../dynamic-registration/initial-access-tokens.service.js';
import { planTitle, StatusBadges } from '../apps/status-badges.js';

/** A developer's apps. */
export function AppsListPage(
  props: SignedInShell & {
    apps: AppView[];
    tokens: ListedToken[];
    token?: string;
    done?: 'deleted' | 'token-revoked';
  },
) {
  const { apps, tokens, token, done, ...shell } = props;
  return (
    <PortalPage title="Your apps" current="/" {...shell}>
      <div class="row between">
        <h1>Your apps</h1>
        <a class="button primary" href="/apps/new">
          Create an app
        </a>
      </div>
      {done === 'deleted' && <Notice tone="good" title="The app is deleted" />}
      {done === 'token-revoked' && <Notice tone="good" title="The token is revoked" />}
      {apps.length === 0 ? (
        <EmptyState title="No app yet">
          <p>Create an app, choose its plan, and call the sandbox a minute later.</p>
        </EmptyState>
      ) : (
        <Card>
          <Table
            head={['App', 'Plan', 'State']}
            rows={apps.map((app) => [
              <a href={`/apps/${app.client_id}`}>
                <bdi>{app.client_name}</bdi>
              </a>,
              planTitle(app),
              <StatusBadges app={app} />,
            ])}
          />
        </Card>
      )}
      <ProgramAccess token={token} tokens={tokens} />
    </PortalPage>
  );
}

function ProgramAccess({ token, tokens }: { token?: string; tokens: ListedToken[] }) {
  return (
    <Card title="Register apps from a program">
      {token ? (
        <>
          <p>
            This is your initial access token (RFC 7591). It works for one day and ten apps. This page shows
            it once.
          </p>
          <Secret value={token} />
        </>
      ) : (
        <>
          <p>Dynamic client registration (RFC 7591) at /register needs an initial access token.</p>
          <Form action="/initial-access-token">
            <Button variant="secondary">Issue an initial access token</Button>
          </Form>
        </>
      )}
      {tokens.length > 0 && (
        <Table
          head={['Issued', 'Expires', 'Apps left', 'Revoke']}
          rows={tokens.map(({ id, created_at, expires_at, uses_left }) => [
            <Time iso={created_at} withTime />,
            <Time iso={expires_at} withTime />,
            String(uses_left),
            <Form action="/initial-access-token/revoke">
              <input type="hidden" name="id" value={id} />
              <Button variant="secondary">Revoke</Button>
            </Form>,
          ])}
        />
      )}
    </Card>
  );
}
