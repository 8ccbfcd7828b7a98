import { planRules } from '@payer/smart';
import {
  Button,
  Card,
  DefinitionList,
  EmptyState,
  ErrorSummary,
  Form,
  Table,
  TextField,
  Time,
  type FieldError,
} from '@payer/ui';
import { StatusBadges } from '../apps/app-pages.js';
import type { AppView } from '../apps/app-view.js';
import type { Actor } from '../developers/actor.js';
import { PortalPage } from '../http/portal-page.js';
import type { QueueEntry } from '../production-requests/production-requests.service.js';

interface Shell {
  planName: string;
  actor: Actor;
}

export function QueuePage({
  entries,
  errors = [],
  ...shell
}: Shell & { entries: QueueEntry[]; errors?: FieldError[] }) {
  const pending = entries.filter(({ status }) => status === 'pending');
  const decided = entries.filter(({ status }) => status !== 'pending');
  return (
    <PortalPage title="Production requests" {...shell}>
      <h1>Production requests</h1>
      <ErrorSummary errors={errors} title="That did not work" />
      {pending.length === 0 && <EmptyState title="Nothing is waiting for review" />}
      {pending.map((entry) => (
        <Card key={entry.id} title={entry.client_name}>
          <DefinitionList
            items={[
              { term: 'Organization', value: entry.organization },
              { term: 'Developer', value: entry.developer_email },
              {
                term: 'Plan',
                value: entry.plan ? planRules[entry.plan as keyof typeof planRules].title : '',
              },
              { term: 'Asked', value: <Time iso={entry.created_at} withTime /> },
              { term: 'What it does', value: entry.use_case ?? 'not said' },
              { term: 'App', value: <a href={`/apps/${entry.client_id}`}>details</a> },
            ]}
          />
          <Form action={`/platform/requests/${entry.id}`}>
            <TextField label="Note" name="note" hint="The developer reads it; needed to reject." />
            <div class="row">
              <Button name="decision" value="approve">
                Approve
              </Button>
              <Button variant="danger" name="decision" value="reject">
                Reject
              </Button>
            </div>
          </Form>
        </Card>
      ))}
      {decided.length > 0 && (
        <Card title="Decided">
          <Table
            head={['App', 'Organization', 'Decision', 'When', 'By']}
            rows={decided.map((entry) => [
              <a href={`/apps/${entry.client_id}`}>{entry.client_name}</a>,
              entry.organization,
              entry.status,
              entry.decided_at ? <Time iso={entry.decided_at} withTime /> : '',
              entry.decided_by ?? '',
            ])}
          />
        </Card>
      )}
    </PortalPage>
  );
}

export function AllAppsPage({ apps, ...shell }: Shell & { apps: AppView[] }) {
  return (
    <PortalPage title="All apps" {...shell}>
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
