import { environments } from '@payer/smart';
import { Button, Card, DefinitionList, FieldGrid, Form, Notice, Select, Table, Time } from '@payer/ui';
import { PortalPage, type SignedInShell } from '../http/portal-page.js';
import { securityRisks, type SecurityRiskKey } from '../request-record/security-risks.js';
import type { DecisionsReport } from './decisions-report.js';
import type { PatientAccessReport } from './patient-access-report.js';
import { reportYears } from './report-period.js';
import type { UsageReport } from './usage-report.js';

export interface ReportsPageProps extends SignedInShell {
  patientAccess: PatientAccessReport;
  usage: UsageReport;
  decisions: DecisionsReport;
}

const kinds = { authorization: 'Authorization', token: 'Token', fhir: 'FHIR' };
const number = new Intl.NumberFormat('en-US');
const percent = new Intl.NumberFormat('en-US', { style: 'percent', maximumFractionDigits: 1 });
const download = (report: string, query: Record<string, string | number>) =>
  `/platform/reports/${report}.csv?${new URLSearchParams(
    Object.entries(query).map(([name, value]) => [name, String(value)]),
  )}`;

/** The reports of a year and of the last days. */
export function ReportsPage(props: ReportsPageProps) {
  const { patientAccess, usage, decisions, ...shell } = props;
  const { year } = patientAccess;
  return (
    <PortalPage title="Reports" current="/platform/reports" {...shell}>
      <h1>Reports</h1>
      <Form action="/platform/reports" method="get">
        <FieldGrid>
          <Select
            label="Year"
            name="year"
            value={String(year)}
            options={[...new Set([...reportYears(), year])].map((one) => ({
              value: String(one),
              label: String(one),
            }))}
          />
          <Select
            label="Environment of the usage figures"
            name="environment"
            value={usage.environment}
            options={environments.map((value) => ({ value, label: value }))}
          />
        </FieldGrid>
        <Button variant="secondary">Show</Button>
      </Form>
      <PatientAccess report={patientAccess} />
      <Usage report={usage} />
      <Decisions report={decisions} />
    </PortalPage>
  );
}

function PatientAccess({ report }: { report: PatientAccessReport }) {
  const { year } = report;
  return (
    <Card title={`Patient Access API, ${year}`}>
      {!report.is_complete && (
        <Notice tone="warn" title="The year is not over: these are the figures so far" />
      )}
      <p>
        The two figures that 42 CFR 422.119(h) asks for each calendar year. Production only. A transfer is a
        FHIR request of an app with a member’s consent that was answered with success.
      </p>
      <DefinitionList
        items={[
          {
            term: '(h)(1)',
            value: (
              <>
                <strong>{number.format(report.unique_members)}</strong> unique members whose data went to an
                app
              </>
            ),
          },
          {
            term: '(h)(2)',
            value: (
              <>
                <strong>{number.format(report.unique_members_more_than_once)}</strong> unique members whose
                data went to an app more than once
              </>
            ),
          },
          {
            term: 'For comparison',
            value: `${number.format(report.unique_members_more_than_one_day)} members on more than one day; ${number.format(report.transfers)} transfers to ${number.format(report.apps)} apps`,
          },
          ...(report.transfers_without_member > 0
            ? [
                {
                  term: 'Not counted',
                  value: `${number.format(report.transfers_without_member)} transfers whose grant has not arrived here yet`,
                },
              ]
            : []),
        ]}
      />
      <p>
        <a href={download('patient-access', { year })}>Download as CSV</a>
      </p>
    </Card>
  );
}

function Usage({ report }: { report: UsageReport }) {
  const { environment, days, totals, apps } = report;
  const cells = (row: UsageReport['totals'][number]) => [
    kinds[row.kind],
    number.format(row.requests),
    percent.format(row.error_rate),
    row.p95_ms === null ? '–' : `${number.format(row.p95_ms)} ms`,
  ];
  return (
    <Card title={`Usage of ${environment}, last ${days} days`}>
      {apps.length === 0 ? (
        <p class="muted">No requests in this period.</p>
      ) : (
        <>
          <p>From the requests that the portal keeps: at most 5,000 of each app.</p>
          <h3>All apps</h3>
          <Table head={['API', 'Requests', 'Errors', '95th percentile']} rows={totals.map(cells)} />
          <h3>By app</h3>
          <Table
            head={['App', 'API', 'Requests', 'Errors', '95th percentile']}
            rows={apps.map((row) => [
              <a href={`/apps/${row.client_id}/activity`}>
                <bdi>{row.client_name}</bdi>
              </a>,
              ...cells(row),
            ])}
          />
          <p>
            <a href={download('usage', { environment, days })}>Download as CSV</a>
          </p>
        </>
      )}
    </Card>
  );
}

function Decisions({ report }: { report: DecisionsReport }) {
  const { year, median_hours, decisions } = report;
  return (
    <Card title={`Decisions, ${year}`}>
      {decisions.length === 0 ? (
        <p class="muted">No decisions in this year.</p>
      ) : (
        <>
          {median_hours !== null && (
            <p>
              Half of the decisions took{' '}
              {median_hours < 1 ? 'less than an hour' : `at most ${median_hours} hours`}.
            </p>
          )}
          <Table
            head={['When', 'App', 'Decision', 'Reason', 'Took', 'By']}
            rows={decisions.map((row) => [
              <Time iso={row.decided_at} />,
              <a href={`/apps/${row.client_id}`}>
                <bdi>{row.client_name}</bdi>
              </a>,
              `${row.subject}: ${row.decision.replaceAll('-', ' ')}`,
              row.reason ? (securityRisks[row.reason as SecurityRiskKey]?.title ?? row.reason) : '–',
              <span class="nowrap">
                {row.hours === null ? '–' : row.hours < 1 ? 'under 1 h' : `${row.hours} h`}
              </span>,
              <Decider email={row.decided_by} />,
            ])}
          />
          <p>
            <a href={download('decisions', { year })}>Download as CSV</a>
          </p>
        </>
      )}
    </Card>
  );
}

/** An address that breaks after its "@" in a narrow column. */
function Decider({ email }: { email: string }) {
  const [name, ...host] = email.split('@');
  if (host.length === 0) return <>{email}</>;
  return (
    <>
      {name}@<wbr />
      {host.join('@')}
    </>
  );
}
