import { documentedErrors, type DocumentedError, type ErrorSource } from '@payer/smart';
import { Card, Table } from '@payer/ui';
import type { Document } from './document.js';

/** Title of each part of the platform, in the order of the documentation. */
const errorSources: Record<ErrorSource, string> = {
  authorization: 'Authorization endpoint',
  token: 'Token, introspection and revocation endpoints',
  registration: 'Dynamic client registration',
  fhir: 'FHIR API',
  portal: 'JSON API of the portal',
};

const statusesOf = ({ statuses }: DocumentedError) =>
  statuses.length > 0 ? statuses.join(', ') : 'redirect';

export const errorCodes = [...new Set(documentedErrors.map(({ code }) => code))];

export const errorsDocument: Document = {
  slug: 'errors',
  title: 'Errors',
  summary: 'Every error code with its causes and fixes.',
  body: () => (
    <>
      <p>
        Every OAuth error names its page here in <code>error_uri</code>. The description in the answer says
        what was wrong with that very request. The Activity page of the app keeps the failures.
      </p>
      {Object.entries(errorSources).map(([source, title]) => (
        <section key={source}>
          <h2>{title}</h2>
          <Table
            head={['Code', 'Status', 'First cause']}
            rows={documentedErrors
              .filter((error) => error.source === source)
              .map((error) => [
                <a href={`/docs/errors/${error.code}`}>
                  <code>{error.code}</code>
                </a>,
                statusesOf(error),
                error.causes[0]?.cause ?? '',
              ])}
          />
        </section>
      ))}
    </>
  ),
};

/**
 * The page of one error code, with a section for each part that answers with it. Undefined for an unknown
 * code.
 */
export function errorDocument(code: string): Document | undefined {
  const rows = documentedErrors.filter((error) => error.code === code);
  if (rows.length === 0) return undefined;
  return {
    slug: `errors/${code}`,
    title: code,
    summary: rows[0]?.causes[0]?.cause ?? '',
    body: () => (
      <>
        {rows.map((error) => (
          <Card key={error.source} title={errorSources[error.source]}>
            <p class="muted">
              {error.statuses.length > 0
                ? `HTTP status ${error.statuses.join(', ')}`
                : 'In the redirect to the app, as error'}
            </p>
            {error.causes.map(({ cause, fix }) => (
              <dl key={cause}>
                <dt>Cause</dt>
                <dd>{cause}</dd>
                <dt>Fix</dt>
                <dd>{fix}</dd>
              </dl>
            ))}
          </Card>
        ))}
      </>
    ),
  };
}
