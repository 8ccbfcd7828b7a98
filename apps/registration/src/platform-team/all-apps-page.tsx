import { Card, EmptyState, Table } from '@payer/ui';
import { StatusBadges } from '../apps/status-badges.js';
import type { AppView } from '../apps/app-view.js';
import { PortalPage, type SignedInShell } from '../http/portal-page.js';

export function AllAppsPage({ apps, ...shell }: SignedInShell & { apps: AppView[] }) {
  return (
    <PortalPage title="All apps" current="/platform/apps" {...shell}>
      <h1>All apps</h1>
      {apps.length === 0 ? (
        <EmptyState title="No app yet" />
      ) : (
        <Card>
          <Table
            head={['App', 'Organization', 'State']}
            rows={apps.map((app) => [
              <a href={`/apps/${app.client_id}`}>
                <bdi>{app.client_name}</bdi>
              </a>,
              app.organization,
              <StatusBadges app={app} />,
            ])}
          />
        </Card>
      )}
    </PortalPage>
  );
}
