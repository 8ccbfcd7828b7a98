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
import { StatusBadges } from '../apps/status-badges.js';
import type { AppView } from '../apps/app-view.js';
import { errorOf, PortalPage, type SignedInShell } from '../http/portal-page.js';
import type { QueueEntry } from '../production-requests/production-requests.service.js';

const noteId = (requestId: string) => `note-${requestId}`;

/** A decision that failed: its request, its note, and the reason. */
export interface RefusedDecision {
  id: string;
  note?: string;
  errors: FieldError[];
}

export function QueuePage({
  entries,
  refused,
  ...shell
}: SignedInShell & { entries: QueueEntry[]; refused?: RefusedDecision }) {
  const pending = entries.filter(({ status }) => status === 'pending');
  const decided = entries.filter(({ status }) => status !== 'pending');
  return (
    <PortalPage title="Production requests" current="/" {...shell}>
      <h1>Production requests</h1>
      {refused && (
        <ErrorSummary
          // The page has many forms, so the link must lead to the note of this form.
          errors={refused.errors.map((error) => ({ ...error, field: error.field && noteId(refused.id) }))}
          title="That did not work"
        />
      )}
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
              { term: 'App', value: <a href={`/apps/${entry.client_id}`}>Details of the app</a> },
            ]}
          />
          <Form action={`/platform/requests/${entry.id}`}>
            <TextField
              label="Note"
              name="note"
              id={noteId(entry.id)}
              value={refused?.id === entry.id ? refused.note : undefined}
              error={refused?.id === entry.id ? errorOf(refused.errors, 'note') : undefined}
              hint="The developer reads it; needed to reject."
            />
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
