import { guideCanonical, noticeDays, servedGuides } from '@payer/smart';
import { Table } from '@payer/ui';
import type { Document } from './document.js';
import { FhirUnavailable } from './fhir.js';

const standards = [
  ['SMART App Launch', '2.2.0', 'Standalone launch, confidential clients'],
  ['OAuth 2.0', 'RFC 6749, 7009, 7591, 7636, 7662, 9068, 9207, 9700', 'The endpoints and their rules'],
  ['OpenID Connect Core', '1.0', 'id_token, fhirUser'],
];

/** When a version ends, from the guides table; the FHIR API may serve a version that the table lacks. */
function servedUntil(canonical: string): string {
  const guide = servedGuides.find((one) => guideCanonical(one) === canonical);
  return guide?.sunset ?? 'No end is planned';
}

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
          head={['Guide', 'Version', 'Served until', 'Canonical URL']}
          rows={fhir.guides.map((guide) => {
            const [canonical = '', version = ''] = guide.split('|');
            return [canonical.split('/').at(-1) ?? '', version, servedUntil(guide), <code>{canonical}</code>];
          })}
        />
      ) : (
        <FhirUnavailable addresses={addresses} />
      )}
      <h2>Several versions of a guide</h2>
      <p>
        Versions of a guide are served side by side. A resource names in <code>meta.profile</code> each
        profile with the version that it follows. A search by <code>_profile</code> with a version, such as{' '}
        <code>_profile=[canonical]|[version]</code>, finds the resources of this version; without a version it
        finds the resources of any version. The CapabilityStatement lists the versions in{' '}
        <code>implementationGuide</code> and <code>supportedProfile</code>.
      </p>
      <p>
        A version ends at the start of the day in the table (UTC). From {noticeDays} days before that, answers
        of the resource types of this version carry the headers <code>Deprecation</code> (RFC 9745) and{' '}
        <code>Sunset</code> (RFC 8594), with a link to this page. Read them, and move to the newer version
        before that day.
      </p>
    </>
  ),
};
