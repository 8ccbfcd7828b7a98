import { planRules, plans } from '@payer/smart';
import {
  Badge,
  Button,
  Card,
  EmptyState,
  FieldGrid,
  Form,
  Notice,
  Select,
  Table,
  TextField,
  Time,
} from '@payer/ui';
import { PortalPage, type SignedInShell } from '../http/portal-page.js';
import { productionRequestStatuses, statusTitles } from '../request-record/production-request.entity.js';
import type { QueueEntry, QueueQuery } from '../production-requests/request-queue.js';
import type { ChangeView } from '../reviewed-changes/change-decisions.service.js';

const any = { value: '', label: 'All' };
const planName = (plan: string | null) =>
  plan ? planRules[plan as keyof typeof planRules].title : 'No plan';
const daysInWords = ['since today', 'for 1 day'];
const days = (count: number) => daysInWords[count] ?? `for ${count} days`;

/** The queue of the platform team: requests and changes that wait, and the decided requests. */
export function QueuePage({
  entries,
  changes,
  filter,
  isDecided,
  ...shell
}: SignedInShell & {
  entries: QueueEntry[];
  changes: ChangeView[];
  filter: QueueQuery;
  isDecided?: boolean;
}) {
  const waiting = entries.filter(({ status }) => status === 'pending');
  const others = entries.filter(({ status }) => status !== 'pending');
  const overdue = waiting.filter(({ is_overdue }) => is_overdue).length;
  return (
    <PortalPage title="Production requests" current="/" {...shell}>
      <h1>Production requests</h1>
      {isDecided && <Notice tone="good" title="The decision is recorded, and the developer gets a mail." />}
      {overdue > 0 && (
        <Notice tone="bad" title={`${overdue} of ${waiting.length} waiting requests are overdue`} />
      )}
      <Filter filter={filter} />
      {waiting.length === 0 ? (
        <EmptyState title="Nothing is waiting for review" />
      ) : (
        <Card title={`Waiting for review (${waiting.length})`}>
          <Table
            head={['App', 'Organization', 'Plan', 'Waiting', 'Due']}
            rows={waiting.map((entry) => [
              <RequestLink entry={entry} />,
              <bdi>{entry.organization}</bdi>,
              planName(entry.plan),
              <>
                {days(entry.age_days)} {entry.appealed_at && <Badge tone="warn">Appeal</Badge>}
                {!entry.appealed_at && entry.submissions > 1 && <Badge>Submitted again</Badge>}
              </>,
              <>
                {entry.due_at && <Time iso={entry.due_at} />}{' '}
                {entry.is_overdue && <Badge tone="bad">Overdue</Badge>}
              </>,
            ])}
          />
        </Card>
      )}
      {changes.length > 0 && (
        <Card title={`Changes of approved apps (${changes.length})`}>
          <Table
            head={['App', 'Organization', 'Changed', 'Since']}
            rows={changes.map((change) => [
              <a href={`/platform/changes/${change.id}`}>
                <bdi>{change.client_name}</bdi>
              </a>,
              <bdi>{change.organization}</bdi>,
              change.changes.map(({ field }) => field.replaceAll('_', ' ')).join(', '),
              <Time iso={change.created_at} withTime />,
            ])}
          />
        </Card>
      )}
      {others.length > 0 && (
        <Card title="Other requests">
          <Table
            head={['App', 'Organization', 'State', 'When', 'By']}
            rows={others.map((entry) => [
              <RequestLink entry={entry} />,
              <bdi>{entry.organization}</bdi>,
              statusTitles[entry.status],
              entry.decided_at ? <Time iso={entry.decided_at} withTime /> : '',
              entry.decided_by ?? '',
            ])}
          />
        </Card>
      )}
    </PortalPage>
  );
}

const RequestLink = ({ entry }: { entry: QueueEntry }) => (
  <a href={`/platform/requests/${entry.id}`}>
    <bdi>{entry.client_name}</bdi>
  </a>
);

function Filter({ filter }: { filter: QueueQuery }) {
  const statuses = productionRequestStatuses.filter((status) => status !== 'draft');
  return (
    <details open={Object.values(filter).some(Boolean)}>
      <summary>Filter</summary>
      <Form action="/" method="get">
        <FieldGrid>
          <Select
            label="State"
            name="status"
            value={filter.status ?? ''}
            options={[any, ...statuses.map((value) => ({ value, label: statusTitles[value] }))]}
          />
          <Select
            label="Plan"
            name="plan"
            value={filter.plan ?? ''}
            options={[any, ...plans.map((value) => ({ value, label: planName(value) }))]}
          />
          <Select
            label="Deadline"
            name="overdue"
            value={filter.overdue ?? ''}
            options={[any, { value: 'true', label: 'Overdue only' }]}
          />
          <TextField
            label="Name or address"
            name="text"
            value={filter.text}
            hint="Of the app, the organization or the developer"
          />
        </FieldGrid>
        <Button variant="secondary">Filter</Button>
      </Form>
    </details>
  );
}
