import { environments, requestKinds } from '@payer/smart';
import { Button, Card, EmptyState, FieldGrid, Form, Select, Table } from '@payer/ui';
import { mayDevelop } from '../apps/app-access.js';
import type { Activity } from '../activity/activity.service.js';
import { keptDays, type RequestFilter, type RequestView } from '../activity/app-requests.js';
import { RequestCard } from '../activity/request-card.js';
import { TrafficChart } from '../activity/traffic-chart.js';
import { AppFrame, type AppFrameProps } from './app-frame.js';
import { tabAddress } from './tabs.js';

const all = { value: '', label: 'All' };
const kinds = { authorization: 'Authorization', token: 'Token', fhir: 'FHIR' };

/** The app's recent requests, and the causes of failures. */
export function ActivityPage(
  props: AppFrameProps & {
    activity: Activity;
    requests: readonly RequestView[];
    filter: RequestFilter;
    next: string | null;
  },
) {
  const { app, activity, requests, filter, next, actor } = props;
  const at = tabAddress(app.client_id, 'activity');
  const chosen = queryOf(filter);
  return (
    <AppFrame tab="activity" {...props}>
      <Card title="Requests">
        <p>
          The portal keeps {keptDays.sandbox} days of the sandbox and {keptDays.production} days of
          production. Production shows nothing about members. A request appears a few seconds after its
          answer.
        </p>
        <Filter at={at} filter={filter} />
        <p class="row">
          <a href={`${at}?${chosen}`}>Refresh</a>
          <a href={`${at}/export?${chosen}`}>Export as CSV</a>
        </p>
      </Card>
      {requests.length === 0 && (
        <EmptyState title="No request">
          <p>No request matches the filter, or the app has sent none yet.</p>
        </EmptyState>
      )}
      {requests.map((request) => (
        <RequestCard key={request.id} request={request} app={app} isDeveloper={mayDevelop(actor, app)} />
      ))}
      {next && (
        <p>
          <a href={`${at}?${queryOf({ ...filter, before: next })}`}>Older requests</a>
        </p>
      )}
      <Traffic traffic={activity.traffic} />
    </AppFrame>
  );
}

function queryOf({ environment, kind, outcome, before }: Partial<RequestFilter>): string {
  const given = Object.entries({ environment, kind, outcome, before }).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  return new URLSearchParams(given).toString();
}

function Filter({ at, filter }: { at: string; filter: RequestFilter }) {
  return (
    <Form action={at} method="get">
      <FieldGrid>
        <Select
          label="Environment"
          name="environment"
          value={filter.environment ?? ''}
          options={[all, ...environments.map((value) => ({ value, label: value }))]}
        />
        <Select
          label="Kind"
          name="kind"
          value={filter.kind ?? ''}
          options={[all, ...requestKinds.map((value) => ({ value, label: kinds[value] }))]}
        />
        <Select
          label="Outcome"
          name="outcome"
          value={filter.outcome ?? ''}
          options={[all, { value: 'failed', label: 'Failed' }, { value: 'served', label: 'Served' }]}
        />
      </FieldGrid>
      <Button variant="secondary">Filter</Button>
    </Form>
  );
}

function Traffic({ traffic }: { traffic: Activity['traffic'] }) {
  return (
    <Card title="Traffic of the last 30 days">
      {traffic.length === 0 ? (
        <p class="muted">No FHIR requests yet.</p>
      ) : (
        <>
          <TrafficChart traffic={traffic} />
          <Table
            head={['Day', 'Environment', 'Requests', 'Refused or failed']}
            rows={traffic.map((day) => [day.day, day.environment, String(day.requests), String(day.errors)])}
          />
        </>
      )}
    </Card>
  );
}
