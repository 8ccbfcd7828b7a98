import { Card, Grid, Table } from '@payer/ui';
import type { Document } from './document.js';

export const apiDocument: Document = {
  slug: 'api',
  title: 'API references',
  summary: 'The FHIR API for apps, and the JSON API of this portal.',
  body: ({ addresses, portalApi }) => (
    <>
      <Grid>
        <Card title="FHIR API">
          <p>Apps call it with an access token to read members’ records and the provider directory.</p>
          <p>
            <a href="/docs/fhir">FHIR reference</a>
          </p>
          <p>
            <a href={`${addresses.sandbox.fhirBaseUrl}/metadata`}>CapabilityStatement of the sandbox</a>
          </p>
        </Card>
        <Card title="Portal API">
          <p>Programs call it to register apps, replace secrets and ask for production.</p>
          <p>
            <a href="#portal-api">Calls by subject</a>
          </p>
          <p>
            <a href="/api/openapi.json">OpenAPI document</a>
          </p>
        </Card>
      </Grid>
      <h2 id="portal-api">Portal API</h2>
      <p>
        Every page of this portal uses calls that your programs can use, too. Errors are problem details (RFC
        9457): <code>detail</code> says what to correct, and <code>errors</code> names each member at fault.
      </p>
      {portalApi.map(({ slug, title, operations }) => (
        <section key={slug}>
          <h3>
            <a href={`/docs/api/${slug}`}>{title}</a>
          </h3>
          <Table
            head={['Call', 'What it does']}
            rows={operations.map(({ id, method, path, summary }) => [
              <a href={`/docs/api/${slug}#${id}`}>
                <code>
                  {method} {path}
                </code>
              </a>,
              summary,
            ])}
          />
        </section>
      ))}
    </>
  ),
};
