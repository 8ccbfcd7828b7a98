import { accessTokenLifetime, authorizationCodeLifetime } from '@payer/smart';
import { Table } from '@payer/ui';
import type { Document } from './document.js';

export const tokens: Document = {
  slug: 'tokens',
  title: 'Tokens and lifetimes',
  summary: 'How long codes, tokens and grants live, and what is in a token.',
  body: ({ addresses }) => (
    <>
      <Table
        head={['What', 'Lives', 'Remarks']}
        rows={[
          [
            'Authorization code',
            `${authorizationCodeLifetime} seconds`,
            'Good once. A second use ends its tokens.',
          ],
          [
            'Access token',
            `${accessTokenLifetime} seconds`,
            'A JWT (RFC 9068). It never outlives its grant, so it can be shorter: read expires_in.',
          ],
          [
            'Refresh token',
            'As long as the grant',
            'Each use gives a new one and ends the old one. A second use of the old one ends the grant.',
          ],
          ['id_token', `${accessTokenLifetime} seconds`, 'Signed with RS256; aud is your client_id.'],
          [
            'Grant',
            'Until the date that the member chose',
            'The token answer says it in grant_expires_at. The member can end the grant at any time.',
          ],
          [
            'Client secret',
            'Until you replace it',
            'The old one keeps working for the grace period you choose.',
          ],
        ]}
      />
      <h2>Claims of an access token</h2>
      <p>
        <code>iss</code> is the issuer of the environment, <code>{addresses.sandbox.issuer}</code> in the
        sandbox. <code>aud</code> is its FHIR base URL. A token of a member also has <code>patient</code>,{' '}
        <code>fhirUser</code>, <code>grant_id</code>, <code>grant_created_at</code> and{' '}
        <code>grant_expires_at</code>. A token of the app alone has none of them.
      </p>
      <p>
        <code>fhirUser</code> is the address of the person who signed in. It is the Patient itself for own
        records. When a parent or a carer shares the records of somebody else, it is the{' '}
        <code>RelatedPerson</code> who acts for the patient. The token reads both. Use <code>patient</code> to
        find the records, never <code>fhirUser</code>.
      </p>
      <p>
        The token reads its own grant as <code>Consent</code>: <code>Consent/</code> and the{' '}
        <code>grant_id</code>, or a search of <code>Consent</code>. A shorter time that the member has chosen
        is in it at once.
      </p>
      <p>
        Treat the access token as an opaque text: an app has no need to read it. The token answer says in{' '}
        <code>patient</code> whose records it opens.
      </p>
      <h2>Keys</h2>
      <p>
        The keys that sign id_tokens are at the jwks_uri of the OpenID configuration. They change without
        notice: fetch them again when a token names a key that you do not know.
      </p>
    </>
  ),
};
