import { environmentRule, environments, requestKinds } from '@payer/smart';
import { Badge, Button, Card, EmptyState, FieldGrid, Form, Select, Table, TextField } from '@payer/ui';
import { mayDevelop } from '../apps/app-access.js';
import type { Activity } from '../activity/activity.service.js';
import { keptDays, type RequestPage } from '../activity/app-requests.js';
import { LatencyCard } from '../activity/latency-chart.js';
import { joinRepeated } from '../activity/repeated-requests.js';
import { RequestCard } from '../activity/request-card.js';
import { filterQuery } from '../activity/request-filter.js';
import { TrafficChart } from '../activity/traffic-chart.js';
import { errorOf } from '../http/portal-page.js';
import { AppFrame, type AppFrameProps } from './app-frame.js';
import { tabAddress } from './tabs.js';

const all = { value: '', label: 'All' };
const kinds = { authorization: 'Authorization', token: 'Token', fhir: 'FHIR' };

/** The sent fields of the filter. */
export type FilterFields = Record<string, string>;

export interface ActivityPageProps extends AppFrameProps, RequestPage {
  activity: Activity;
  counts: { failed: number; served: number };
  fields: FilterFields;
}

/** The app's recent requests, and the causes of failures. */
export function ActivityPage(props: ActivityPageProps) {
  const { app, activity, requests, counts, fields, next, latest, errors = [], actor } = props;
  const at = tabAddress(app.client_id, 'activity');
  const chosen = filterQuery(fields);
  const first = filterQuery({ ...fields, before: '' });
  const isLive = errors.length === 0 && !fields.before && !fields.until;
  return (
    <AppFrame tab="activity" errorTitle="The filter is not applied" {...props}>
      <Card title="Requests">
        <p>
          The portal keeps{' '}
          {environments
            .map((environment) => `${keptDays[environment]} days of ${environmentRule(environment).title}`)
            .join(', ')}
          . An environment with members’ records shows nothing about members. A request appears a few seconds
          after its answer. Times are UTC.
        </p>
        <Filter at={at} fields={fields} errors={errors} />
        <p class="row">
          <Badge tone="bad">{counts.failed} failed</Badge>
          <Badge tone="good">{counts.served} served</Badge>
          <a href={`${at}?${first}`}>Refresh</a>
          <a href={`${at}/export?${first}`}>Export as CSV</a>
        </p>
        {isLive && <div data-live-view={`${at}/live?${chosen}`} data-after={latest} data-list="requests" />}
      </Card>
      <div id="requests">
        {requests.length === 0 && (
          <EmptyState title="No request">
            <p>No request matches the filter, or the app has sent none yet.</p>
          </EmptyState>
        )}
        {joinRepeated(requests).map((listed) => (
          <RequestCard
            key={listed.request.id}
            listed={listed}
            app={app}
            isDeveloper={mayDevelop(actor, app)}
          />
        ))}
      </div>
      {next && (
        <p>
          <a href={`${at}?${filterQuery({ ...fields, before: next })}`}>Older requests</a>
        </p>
      )}
      <Traffic traffic={activity.traffic} />
      <LatencyCard latency={activity.latency} />
    </AppFrame>
  );
}

function Filter(
  props: Required<Pick<ActivityPageProps, 'fields'>> & Pick<AppFrameProps, 'errors'> & { at: string },
) {
  const { at, fields, errors = [] } = props;
  const field = (name: string) => ({ name, value: fields[name] ?? '', error: errorOf(errors, name) });
  return (
    <Form action={at} method="get">
      <FieldGrid>
        <Select
          label="Environment"
          {...field('environment')}
          options={[all, ...environments.map((value) => ({ value, label: value }))]}
        />
        <Select
          label="Kind"
          {...field('kind')}
          options={[all, ...requestKinds.map((value) => ({ value, label: kinds[value] }))]}
        />
        <Select
          label="Outcome"
          {...field('outcome')}
          options={[all, { value: 'failed', label: 'Failed' }, { value: 'served', label: 'Served' }]}
        />
        <TextField label="Since (UTC)" hint="A day, or 2026-11-25T08:00:00Z" {...field('since')} />
        <TextField label="Until (UTC)" hint="The day is included" {...field('until')} />
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
