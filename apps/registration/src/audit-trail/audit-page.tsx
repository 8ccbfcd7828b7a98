import { allAuditActions, environments, type AuditEntry } from '@payer/smart';
import {
  Button,
  Card,
  CodeBlock,
  EmptyState,
  ErrorSummary,
  FieldGrid,
  Form,
  Select,
  TextField,
  Time,
  type FieldError,
} from '@payer/ui';
import { placeOf, type Act } from '../audit-sentences/act.js';
import { actionInWords, sentenceOf } from '../audit-sentences/audit-sentences.js';
import { SentenceText } from '../audit-sentences/sentence.js';
import type { Actor } from '../sessions/actor.js';
import { errorOf, PortalPage } from '../http/portal-page.js';

/** The sent fields of the form above the table. */
export type AuditFields = Record<string, string>;

export interface AuditPageProps {
  planName: string;
  actor: Actor;
  fields: AuditFields;
  entries: AuditEntry[];
  /** The entries with names, in the same order. */
  acts: readonly Act[];
  /** URL of the next page. */
  next?: string;
  errors?: FieldError[];
}

const any = { value: '', label: 'any' };
const optionsOf = (values: readonly string[]) => [any, ...values.map((value) => ({ value, label: value }))];

/** The audit trail with a search form, one page at a time. */
export function AuditPage({ fields, entries, acts, next, errors = [], ...shell }: AuditPageProps) {
  const field = (name: string) => ({
    name,
    value: fields[name],
    error: errorOf(errors, name),
  });
  return (
    <PortalPage title="Audit trail" current="/platform/audit" {...shell}>
      <h1>Audit trail</h1>
      <p>
        <a href="/platform/audit/questions">Who read what: ask about a member or an app</a>
      </p>
      {errors.length > 0 && <ErrorSummary errors={errors} />}
      <details open={errors.length > 0 || Object.keys(fields).length > 0}>
        <summary>Search</summary>
        <Form action="/platform/audit" method="get">
          <FieldGrid>
            <Select
              label="What happened"
              {...field('type')}
              options={[any, ...allAuditActions.map((value) => ({ value, label: actionInWords(value) }))]}
            />
            <Select
              label="Environment"
              hint="Needed for data access."
              {...field('environment')}
              options={optionsOf(environments)}
            />
            <TextField label="Member" hint="Member number, sub or patient id" {...field('member')} />
            <TextField label="App" hint="client_id or name" {...field('app')} />
            <TextField label="Grant" hint="grant_id" {...field('grant_id')} />
            <TextField label="Who" hint="Email, member's sub, or client_id" {...field('actor')} />
            <TextField label="Since" hint="A day, a month, or 2026-11-25T08:00:00Z" {...field('since')} />
            <TextField label="Until" hint="The day or month is included" {...field('until')} />
          </FieldGrid>
          <Button>Search</Button>
        </Form>
      </details>
      <details open={errors.some(({ field: name }) => name === 'reason')}>
        <summary>Export these entries</summary>
        <Form action="/platform/audit/export">
          {Object.entries(fields)
            .filter(([name]) => !['format', 'reason', 'limit'].includes(name))
            .map(([name, value]) => (
              <input type="hidden" name={name} value={value} />
            ))}
          <p>
            The file holds every entry of this search, the oldest first: acts and, without another type, data
            access. The export itself is recorded.
          </p>
          <FieldGrid>
            <TextField label="Reason" hint="For whom, and why" {...field('reason')} />
            <Select
              label="Format"
              {...field('format')}
              options={['ndjson', 'csv'].map((value) => ({ value, label: value }))}
            />
          </FieldGrid>
          <Button>Export</Button>
        </Form>
      </details>
      {entries.length === 0 ? (
        errors.length === 0 && <EmptyState title="Nothing found" />
      ) : (
        <Card>
          <ol class="timeline">
            {entries.map((entry, index) => (
              <AuditItem key={entry.id} entry={entry} act={acts[index]} />
            ))}
          </ol>
        </Card>
      )}
      {next && (
        <p>
          <a href={next}>Older entries</a>
        </p>
      )}
    </PortalPage>
  );
}

/** An entry as a sentence, with the complete record below. */
function AuditItem({ entry, act }: { entry: AuditEntry; act: Act | undefined }) {
  return (
    <li>
      <p>
        {act && <SentenceText sentence={sentenceOf(act)} />}{' '}
        <span class="muted">
          <Time iso={entry.at} withTime />
          {act && placeOf(act) && `, ${placeOf(act)}`}
        </span>
      </p>
      <details>
        <summary>
          Record<span class="visually-hidden"> of {entry.at}</span>
        </summary>
        <CodeBlock>{JSON.stringify(entry, null, 2)}</CodeBlock>
      </details>
    </li>
  );
}
