import { environments } from '@payer/smart';
import {
  Breadcrumbs,
  Button,
  Card,
  EmptyState,
  ErrorSummary,
  FieldGrid,
  Form,
  Select,
  Table,
  TextField,
  Time,
  type FieldError,
} from '@payer/ui';
import type { Actor } from '../sessions/actor.js';
import { errorOf, PortalPage } from '../http/portal-page.js';
import type { AppsWithAccessAnswer, ReadersAnswer, ReadsAnswer } from './access-answers.js';

/** The questions, by the last part of their URL. */
export type Question = 'readers' | 'apps-with-access' | 'reads';

export interface AccessQuestionsPageProps {
  planName: string;
  actor: Actor;
  /** The selected question. */
  question?: Question;
  fields?: Record<string, string>;
  errors?: FieldError[];
  readers?: ReadersAnswer;
  appsWithAccess?: AppsWithAccessAnswer;
  reads?: ReadsAnswer;
}

const environmentOptions = environments.map((value) => ({ value, label: value }));

/** Three forms, one per question, and the answer to the selected question. */
export function AccessQuestionsPage(props: AccessQuestionsPageProps) {
  const { question, fields = {}, errors = [], readers, appsWithAccess, reads, ...shell } = props;
  const field = (of: Question, name: string) => ({
    name,
    id: `${of}-${name}`,
    value: of === question ? fields[name] : undefined,
    error: of === question ? errorOf(errors, name) : undefined,
  });
  const member = (of: Question) => (
    <>
      <TextField label="Member" hint="Member number, sub or patient id" {...field(of, 'member')} />
      <Select label="Environment" {...field(of, 'environment')} options={environmentOptions} />
    </>
  );
  return (
    <PortalPage title="Who read what" current="/platform/audit" {...shell}>
      <Breadcrumbs items={[{ href: '/platform/audit', label: 'Audit trail' }, { label: 'Who read what' }]} />
      <h1>Who read what</h1>
      {errors.length > 0 && <ErrorSummary errors={errors} />}
      {readers && <Readers answer={readers} />}
      {appsWithAccess && <AppsWithAccess answer={appsWithAccess} />}
      {reads && <Reads answer={reads} />}
      <Card title="Who read a member’s data?">
        <Form action="/platform/audit/readers" method="get">
          <FieldGrid>
            {member('readers')}
            <TextField label="Since" hint="A day or a month, like 2026-03" {...field('readers', 'since')} />
            <TextField label="Until" hint="Included" {...field('readers', 'until')} />
          </FieldGrid>
          <Button>Show readers</Button>
        </Form>
      </Card>
      <Card title="Which apps had access on a day?">
        <Form action="/platform/audit/apps-with-access" method="get">
          <FieldGrid>
            {member('apps-with-access')}
            <TextField label="Day" hint="Like 2026-11-25 (UTC)" {...field('apps-with-access', 'day')} />
          </FieldGrid>
          <Button>Show apps</Button>
        </Form>
      </Card>
      <Card title="What did an app read?">
        <Form action="/platform/audit/reads" method="get">
          <FieldGrid>
            <TextField label="App" hint="client_id or name" {...field('reads', 'app')} />
            <Select label="Environment" {...field('reads', 'environment')} options={environmentOptions} />
            <TextField label="Since" hint="A day, like 2026-03-01" {...field('reads', 'since')} />
            <TextField label="Until" hint="Included" {...field('reads', 'until')} />
          </FieldGrid>
          <Button>Show reads</Button>
        </Form>
      </Card>
    </PortalPage>
  );
}

const countHead = ['Requests', 'Refused', 'Resources'];
const countCells = (row: { requests: number; refused: number; resources: number }) =>
  [row.requests, row.refused, row.resources].map(String);

/** URL of the records behind an answer. */
const recordsHref = (filters: Record<string, string | null>) =>
  `/platform/audit?${new URLSearchParams(
    Object.entries({ type: 'data-access', ...filters }).filter(
      (pair): pair is [string, string] => pair[1] !== null,
    ),
  )}`;

function Readers({ answer: { environment, since, until, members, apps } }: { answer: ReadersAnswer }) {
  const patient = members[0]?.patient ?? '';
  return (
    <Card title={`Apps that read the data of ${namesOf(members)}`}>
      <p>
        {environment}, since <Time iso={since} withTime />
        {until && (
          <>
            , until <Time iso={until} withTime />
          </>
        )}
      </p>
      {apps.length === 0 ? (
        <EmptyState title="No app read this member’s data" />
      ) : (
        <Table
          head={['App', ...countHead, 'First', 'Last', 'Resource types', 'Records']}
          rows={apps.map((app) => [
            <bdi>{app.client_name}</bdi>,
            ...countCells(app),
            <Time iso={app.first_at} withTime />,
            <Time iso={app.last_at} withTime />,
            app.types.map(({ resource_type, requests }) => `${resource_type} (${requests})`).join(', '),
            <a href={recordsHref({ environment, patient, client_id: app.client_id, since, until })}>
              Records of {app.client_name}
            </a>,
          ])}
        />
      )}
    </Card>
  );
}

function AppsWithAccess({ answer: { environment, day, members, apps } }: { answer: AppsWithAccessAnswer }) {
  return (
    <Card title={`Apps with access to the data of ${namesOf(members)}`}>
      <p>
        {environment}, {day}
      </p>
      {apps.length === 0 ? (
        <EmptyState title="No app had access on this day" />
      ) : (
        <Table
          head={['App', 'Grant', 'Allowed', 'Ends', 'Ended by', 'Requests of the day']}
          rows={apps.flatMap((app) =>
            app.grants.map((grant) => [
              <bdi>{app.client_name}</bdi>,
              <a href={`/platform/audit?${new URLSearchParams({ grant_id: grant.grant_id })}`}>
                {grant.grant_id}
              </a>,
              <Time iso={grant.created_at} withTime />,
              <Time iso={grant.ends_at} withTime />,
              grant.revoked_reason ?? '',
              String(app.requests),
            ]),
          )}
        />
      )}
    </Card>
  );
}

function Reads({ answer: { environment, since, until, apps } }: { answer: ReadsAnswer }) {
  return (
    <>
      {apps.map((app) => (
        <Card key={app.client_id} title={`What ${app.client_name} read`}>
          <p>
            {environment}, {since} to {until}.{' '}
            <a href={recordsHref({ environment, client_id: app.client_id, since, until })}>Records</a>
          </p>
          {app.types.length === 0 ? (
            <EmptyState title="It read nothing" />
          ) : (
            <>
              <Table
                head={['Resource type', 'Interaction', ...countHead]}
                rows={app.types.map((row) => [row.resource_type, row.interaction, ...countCells(row)])}
              />
              <Table
                head={['Day', ...countHead]}
                rows={app.days.map((row) => [row.day, ...countCells(row)]).reverse()}
              />
            </>
          )}
        </Card>
      ))}
    </>
  );
}

/** The members with the ids that the platform team uses. */
function namesOf(members: readonly { sub: string; member_number: string | null }[]): string {
  return members.map(({ member_number, sub }) => member_number ?? `member ${sub}`).join(', ');
}
