import { Table } from '@payer/ui';
import type { Document } from './document.js';
import { FhirUnavailable } from './fhir.js';

const standards = [
  ['SMART App Launch', '2.2.0', 'Standalone launch, confidential clients'],
  ['OAuth 2.0', 'RFC 6749, 7009, 7591, 7636, 7662, 9068, 9207, 9700', 'The endpoints and their rules'],
  ['OpenID Connect Core', '1.0', 'id_token, fhirUser'],
];

export const guidesDocument: Document = {
  slug: 'guides',
  title: 'Standards and guides',
  summary: 'Which versions of which standards and implementation guides the platform follows.',
  body: ({ fhir, addresses }) => (
    <>
      <Table head={['Standard', 'Version', 'Use']} rows={standards} />
      <h2>Implementation guides</h2>
      {fhir ? (
        <Table
          head={['Guide', 'Version', 'Canonical URL']}
          rows={fhir.guides.map((guide) => {
            const [canonical = '', version = ''] = guide.split('|');
            return [canonical.split('/').at(-1) ?? '', version, <code>{canonical}</code>];
          })}
        />
      ) : (
        <FhirUnavailable addresses={addresses} />
      )}
    </>
  ),
};
