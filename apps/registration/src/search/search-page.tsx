import { Badge, Button, Card, EmptyState, Form, Table, TextField, Time } from '@payer/ui';
import { PortalPage, type SignedInShell } from '../http/portal-page.js';
import type { SearchResults } from './search.service.js';

export function SearchPage(props: SignedInShell & { text: string; results: SearchResults }) {
  const { text, results, ...shell } = props;
  const { developers, apps, grants } = results;
  const isEmpty = developers.length + apps.length + (grants?.length ?? 0) === 0;
  return (
    <PortalPage title="Search" current="/platform/search" {...shell}>
      <h1>Search</h1>
      <Form action="/platform/search" method="get" class="column">
        <TextField
          label="Developer, app or grant"
          name="q"
          type="search"
          value={text}
          hint="A part of a name, an organization, an address or a redirect URI. For grants: the whole id of the grant, the member, the patient or the app."
        />
        <div class="row">
          <Button>Search</Button>
          <a href="/platform/apps">All apps</a>
        </div>
      </Form>
      {text && isEmpty && <EmptyState title="Nothing found" />}
      {apps.length > 0 && (
        <Card title="Apps">
          <Table
            head={['App', 'Organization', 'State', 'Production']}
            rows={apps.map((app) => [
              <a href={`/apps/${app.client_id}`}>
                <bdi>{app.client_name}</bdi>
              </a>,
              <bdi>{app.organization}</bdi>,
              app.status,
              app.is_approved ? 'approved' : 'not approved',
            ])}
          />
        </Card>
      )}
      {developers.length > 0 && (
        <Card title="Developers">
          <Table
            head={['Name', 'Organization', 'Email', 'Since', 'Apps']}
            rows={developers.map((developer) => [
              <bdi>{developer.name}</bdi>,
              <bdi>{developer.organization}</bdi>,
              developer.email,
              <Time iso={developer.created_at} />,
              developer.apps.map((app) => (
                <div key={app.client_id}>
                  <a href={`/apps/${app.client_id}`}>
                    <bdi>{app.client_name}</bdi>
                  </a>
                </div>
              )),
            ])}
          />
        </Card>
      )}
      {grants && grants.length > 0 && (
        <Card title="Grants">
          <Table
            head={['Grant', 'App', 'Environment', 'Since', 'Until', 'State']}
            rows={grants.map((grant) => [
              <code>{grant.grant_id}</code>,
              <a href={`/apps/${grant.client_id}`}>
                <bdi>{grant.client_name ?? grant.client_id}</bdi>
              </a>,
              grant.environment,
              <Time iso={grant.created_at} withTime />,
              <Time iso={grant.ends_at} withTime />,
              grant.is_live ? (
                <Badge tone="good">Live</Badge>
              ) : (
                `ended${grant.revoked_reason ? `: ${grant.revoked_reason}` : ''}`
              ),
            ])}
          />
        </Card>
      )}
    </PortalPage>
  );
}
