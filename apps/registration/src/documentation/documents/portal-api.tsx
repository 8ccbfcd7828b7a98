import { Badge, CodeBlock, Table } from '@payer/ui';
import type { Operation, OperationGroup } from '../../api-reference/operations.js';
import type { Field } from '../../api-reference/schema-fields.js';
import type { Document } from './document.js';

/** The calls of one subject: one page, made from the OpenAPI document. */
export function portalApiDocument({ slug, title, operations }: OperationGroup): Document {
  return {
    slug: `api/${slug}`,
    title,
    summary: `Portal API: ${operations.map(({ summary }) => summary.split(/[;:,]/)[0]).join('. ')}.`,
    body: ({ portalUrl }) => (
      <>
        <p class="lead">
          {operations.length === 1 ? 'One call' : `${operations.length} calls`} of the portal’s JSON API. Open
          a call to see what it takes and what it answers.
        </p>
        {operations.map((operation) => (
          <OperationDetails key={operation.id} operation={operation} portalUrl={portalUrl} />
        ))}
      </>
    ),
  };
}

function OperationDetails({ operation, portalUrl }: { operation: Operation; portalUrl: string }) {
  const { id, method, path, summary, needsToken, parameters, body, answers } = operation;
  const done = answers.find(({ status }) => status.startsWith('2'));
  return (
    <details class="step" id={id}>
      <summary>
        <code>
          {method} {path}
        </code>{' '}
        <span class="step-note">{summary}</span>
      </summary>
      <p>
        {needsToken ? (
          <>
            Send <code>Authorization: Bearer TOKEN</code> with a token from{' '}
            <a href="/docs/api/sessions#post-api-sessions">POST /api/sessions</a>.
          </>
        ) : (
          'Needs no token.'
        )}
      </p>
      <CodeBlock>{curlOf(operation, portalUrl)}</CodeBlock>
      {parameters.length > 0 && (
        <>
          <h3>Parameters</h3>
          <Table
            head={['Parameter', 'Place', 'Value', 'Meaning']}
            rows={parameters.map((field) => [<FieldName {...field} />, field.place, field.type, field.rules])}
          />
        </>
      )}
      {body && (
        <>
          <h3>Body</h3>
          <p class="muted">{body.types.join(', ')}</p>
          <Fields fields={body.fields} />
        </>
      )}
      {done && done.fields.length > 0 && (
        <>
          <h3>Answer {done.status}</h3>
          {/* An answer has all its members, so nothing is marked as required. */}
          <Fields fields={done.fields.map((field) => ({ ...field, isRequired: false }))} />
        </>
      )}
      <h3>Status</h3>
      <Table
        head={['Status', 'Meaning']}
        rows={answers.map(({ status, meaning }) => [<code>{status}</code>, meaning])}
      />
    </details>
  );
}

function Fields({ fields }: { fields: readonly Field[] }) {
  if (fields.length === 0) return null;
  return (
    <Table
      head={['Member', 'Value', 'Meaning']}
      rows={fields.map((field) => [<FieldName {...field} />, field.type, field.rules])}
    />
  );
}

function FieldName({ name, isRequired }: Pick<Field, 'name' | 'isRequired'>) {
  return (
    <span>
      <code>{isLong(name) ? breakable(name) : name}</code> {isRequired && <Badge>required</Badge>}
    </span>
  );
}

/** Names longer than the first column of a table. */
const isLong = (name: string) => name.length > 22;

/** A long name breaks after a part of it, not within a word. */
const breakable = (name: string) => name.split(/(?<=[._])/).flatMap((part) => [part, <wbr />]);

/** The call as a command, with the least body that the call takes. */
function curlOf({ method, path, needsToken, parameters, body }: Operation, portalUrl: string): string {
  const query = parameters.filter(({ place, isRequired }) => place === 'query' && isRequired);
  const search = query.map(({ name }) => `${name}=${name.toUpperCase()}`).join('&');
  const address = path.replace(/\{(\w+)\}/g, (_, name: string) => name.toUpperCase());
  return [
    method === 'GET' ? 'curl' : `curl -X ${method}`,
    needsToken && "-H 'Authorization: Bearer TOKEN'",
    body?.example && `-H 'Content-Type: application/json' -d '${JSON.stringify(body.example)}'`,
    body && !body.example && `-H 'Content-Type: ${body.types[0]}' --data-binary @FILE`,
    `'${portalUrl}${address}${search && `?${search}`}'`,
  ]
    .filter(Boolean)
    .join(' \\\n  ');
}
