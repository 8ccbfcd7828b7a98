import { Card, Grid } from '@payer/ui';
import type { Document } from './document.js';

export const apiDocument: Document = {
  slug: 'api',
  title: 'API references',
  summary: 'The FHIR API for apps, and the JSON API of this portal.',
  body: ({ addresses }) => (
    <>
      <Grid>
        <Card title="FHIR API">
          <p>What apps call with an access token: members’ records and the provider directory.</p>
          <p>
            <a href="/docs/fhir">FHIR reference</a>
          </p>
          <p>
            <a href={`${addresses.sandbox.fhirBaseUrl}/metadata`}>CapabilityStatement of the sandbox</a>
          </p>
        </Card>
        <Card title="Portal API">
          <p>
            What the pages of this portal do, for programs: register apps, replace secrets, ask for
            production.
          </p>
          <p>
            <a href="/api/docs">Portal API reference</a>
          </p>
          <p>
            <a href="/api/openapi.json">OpenAPI document</a>
          </p>
        </Card>
      </Grid>
    </>
  ),
};
