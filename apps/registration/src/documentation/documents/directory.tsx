import { environmentRule, plansOfFlow, titlesOf } from '@payer/smart';
import { CodeBlock, Table } from '@payer/ui';
import type { Document } from './document.js';
import { FhirUnavailable } from './fhir.js';
import type { PublishedDirectory } from './fhir-reference.js';

/** The provider directory: with a token, without one where it is open, and as files where it is published. */
export const directoryDocument: Document = {
  slug: 'directory',
  title: 'Provider directory',
  summary: 'How to read providers, places, networks and plans: by search, without a token, or as files.',
  body: ({ addresses, fhir }) => {
    if (!fhir) return <FhirUnavailable addresses={addresses} />;
    const open = fhir.directories.filter(({ publicTypes }) => publicTypes.length > 0);
    const files = fhir.directories.filter(({ bulkPublish }) => bulkPublish !== undefined);
    return (
      <>
        <p>
          The directory holds no member data. An app of {titlesOf(plansOfFlow('client-credentials'))} reads it
          with its own token. <a href="/docs/flows">Flows</a>
        </p>
        <Table
          head={['Environment', 'Token', 'Files']}
          rows={fhir.directories.map(({ environment, publicTypes, bulkPublish }) => [
            environmentRule(environment).title,
            publicTypes.length > 0 ? 'not needed' : 'needed',
            bulkPublish ? <code>$bulk-publish</code> : 'no',
          ])}
        />
        {open[0] && <WithoutToken directory={open[0]} />}
        {files[0] && <AsFiles directory={files[0]} />}
      </>
    );
  },
};

function WithoutToken({ directory: { fhirBaseUrl, publicTypes } }: { directory: PublishedDirectory }) {
  return (
    <>
      <h2>Without a token</h2>
      <p>
        Where no token is needed, everybody reads and searches these types: {publicTypes.join(', ')}. Send no
        Authorization header; a token that you send is checked.
      </p>
      <CodeBlock>{`curl '${fhirBaseUrl}/Practitioner?_count=5'`}</CodeBlock>
      <p>
        Each network address may send a number of requests: <code>RateLimit-Policy</code> and{' '}
        <code>RateLimit</code> say how many are left. Above it the answer is 429 with <code>Retry-After</code>
        . Nothing is kept about who asked.
      </p>
    </>
  );
}

function AsFiles({ directory: { bulkPublish = '', publicTypes } }: { directory: PublishedDirectory }) {
  const token = publicTypes.length > 0 ? '' : `-H 'Authorization: Bearer ACCESS_TOKEN' `;
  return (
    <>
      <h2>As files</h2>
      <p>
        The whole directory is published once a day as NDJSON files by resource type. A manifest names the
        files (Bulk Data <code>$bulk-publish</code>).
      </p>
      <CodeBlock>{`curl --compressed ${token}'${bulkPublish}'`}</CodeBlock>
      <p>
        A file never changes under its name: download a file that you do not have, and keep the others. Each
        file has an ETag, and a download that stopped goes on with a Range. The same folder has{' '}
        <code>index.json</code>, a list of the directory as collection Bundles: Medicare Plan Finder reads its{' '}
        <code>provider_urls</code>.
      </p>
    </>
  );
}
