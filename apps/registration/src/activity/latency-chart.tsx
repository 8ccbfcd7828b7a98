import { environments } from '@payer/smart';
import { Card, Table } from '@payer/ui';
import type { Activity } from './activity.service.js';
import { DayChart } from './day-chart.js';

type Latency = Activity['latency'];

/** How long the answers took per day: pictures of the FHIR requests, and a table of every kind. */
export function LatencyCard({ latency }: { latency: Latency }) {
  return (
    <Card title="Latency per day">
      {latency.length === 0 ? (
        <p class="muted">No measured request yet.</p>
      ) : (
        <>
          <p>
            Time from a request to its complete answer, at the platform. Half of the answers of a day were
            ready within p50, and 95 of 100 within p95. Days are UTC.
          </p>
          {environments.map((environment) => (
            <LatencyChart
              key={environment}
              environment={environment}
              latency={latency.filter((row) => row.environment === environment && row.kind === 'fhir')}
            />
          ))}
          <Table
            head={['Day', 'Environment', 'Kind', 'Requests', 'p50', 'p95']}
            rows={latency.map((row) => [
              row.day,
              row.environment,
              row.kind,
              String(row.requests),
              `${row.p50_ms} ms`,
              `${row.p95_ms} ms`,
            ])}
          />
        </>
      )}
    </Card>
  );
}

function LatencyChart({ environment, latency }: { environment: string; latency: Latency }) {
  const [newest] = latency;
  if (!newest) return null;
  const slowest = Math.max(...latency.map(({ p95_ms }) => p95_ms));
  return (
    <DayChart
      id={`latency-${environment}`}
      title={`Latency of FHIR requests per day, ${environment}`}
      summary={`On ${newest.day}, half of the answers took at most ${newest.p50_ms} ms and 95 of 100 at most ${newest.p95_ms} ms. The slowest day had a p95 of ${slowest} ms. The table has the figures of each day.`}
      unit=" ms"
      legend={[
        { class: 'slow', label: `p95 of FHIR requests, ${environment}` },
        { class: 'usual', label: 'p50' },
      ]}
      days={latency.map(({ day, p50_ms, p95_ms }) => ({
        day,
        parts: [
          { value: p95_ms, class: 'slow' },
          { value: p50_ms, class: 'usual' },
        ],
      }))}
    />
  );
}
