import { environments, type Environment, type DataAge, type LoadStatus } from '@payer/smart';
import { Badge, Card, EmptyState, Notice, Table, Tabs, Time } from '@payer/ui';
import type { Actor } from '../sessions/actor.js';
import { PortalPage } from '../http/portal-page.js';

const titles: Record<DataAge['kind'], string> = {
  claims: 'Claims',
  priorAuthorizations: 'Prior authorizations',
  encounters: 'Encounters',
  clinical: 'Clinical data',
  directory: 'Provider directory',
};
const duties: Record<DataAge['duty'], string> = {
  'one-business-day': 'one business day',
  'thirty-days': '30 days',
};

/** Hours before the end of the time from which a kind is marked. The alarms use the same hours. */
const soon: Record<DataAge['duty'], number> = { 'one-business-day': 6, 'thirty-days': 72 };

interface LoadsPageProps {
  planName: string;
  actor: Actor;
  environment: Environment;
  now: Date;
  status?: LoadStatus;
  problem?: string;
}

/** How new each kind of data is, and the latest loads. */
export function LoadsPage({ environment, now, status, problem, ...shell }: LoadsPageProps) {
  return (
    <PortalPage title="Data" current="/platform/data" {...shell}>
      <h1>Data</h1>
      <Tabs
        label="Environment"
        items={environments.map((name) => ({
          href: `/platform/data?environment=${name}`,
          label: name,
          current: name === environment,
        }))}
      />
      {problem && <Notice tone="bad">{problem}</Notice>}
      {status && <DataAgeCard rows={status.freshness} now={now} />}
      {status && <RunsCard runs={status.runs} />}
    </PortalPage>
  );
}

function DataAgeCard({ rows, now }: { rows: readonly DataAge[]; now: Date }) {
  return (
    <Card title="How new the data is">
      <Table
        head={['Kind', 'Newest data', 'Age', 'Time limit', 'Due', 'State']}
        rows={rows.map((row) => [
          titles[row.kind],
          row.newest ? (
            <>
              <Time iso={row.newest} withTime /> {row.declared ? '(declared by the source)' : ''}
            </>
          ) : (
            'not known'
          ),
          row.newest ? ageOf(now.getTime() - Date.parse(row.newest)) : '',
          `${duties[row.duty]} (${row.rule})`,
          row.due_at ? <Time iso={row.due_at} withTime /> : '',
          <State row={row} now={now} />,
        ])}
      />
      <p>
        The newest data is the time of the latest decision or record in the loaded files, or the time that the
        source declared with <code>--as-of</code>. Data decided after it has to be loaded before it is due.
      </p>
    </Card>
  );
}

function State({ row, now }: { row: DataAge; now: Date }) {
  if (!row.due_at) return <Badge>Nothing loaded</Badge>;
  const hours = (Date.parse(row.due_at) - now.getTime()) / 3_600_000;
  if (hours < 0) return <Badge tone="bad">Late</Badge>;
  return hours < soon[row.duty] ? <Badge tone="warn">Due soon</Badge> : <Badge tone="good">In time</Badge>;
}

/** An age in the largest unit of which there are two. Clocks may differ, so it may be less than nothing. */
function ageOf(milliseconds: number): string {
  const minutes = Math.max(0, Math.floor(milliseconds / 60_000));
  if (minutes < 120) return `${minutes} minutes`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} hours` : `${Math.floor(hours / 24)} days`;
}

function RunsCard({ runs }: { runs: LoadStatus['runs'] }) {
  return (
    <Card title="Latest loads">
      {runs.length === 0 ? (
        <EmptyState title="Nothing was loaded yet" />
      ) : (
        <Table
          head={['Load', 'When', 'Files', 'Result', 'Refused', 'Codes without a name']}
          rows={runs.map((run) => [
            String(run.id),
            <Time iso={run.started_at} withTime />,
            <Files files={run.files} />,
            run.complete ? resultOf(run.counts) : <Badge tone="bad">{`Stopped: ${run.problem}`}</Badge>,
            listOf(run.rejected_by_kind),
            listOf(run.bare_codes),
          ])}
        />
      )}
    </Card>
  );
}

function Files({ files }: { files: LoadStatus['runs'][number]['files'] }) {
  return (
    <ul>
      {files.map(({ name, sha256 }) => (
        <li key={name}>
          <bdi>{name}</bdi>
          {sha256 && (
            <>
              , SHA-256 <code title={sha256}>{sha256.slice(0, 12)}</code>
            </>
          )}
        </li>
      ))}
    </ul>
  );
}

const resultOf = (counts: LoadStatus['runs'][number]['counts']) =>
  Object.entries(counts)
    .filter(([, count]) => count > 0)
    .map(([name, count]) => `${count} ${name === 'rejected' ? 'refused' : name}`)
    .join(', ');

const listOf = (counts: Record<string, number>) =>
  Object.entries(counts)
    .sort(([, a], [, b]) => b - a)
    .map(([name, count]) => `${name}: ${count}`)
    .join(', ');
