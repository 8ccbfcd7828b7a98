/**
 * The statements of the privacy attestation. A payer may ask a developer for them, and may publish members
 * when a developer has not given them, but it may not refuse an app for their absence (85 FR 25510,
 * CMS-9115-F, section III.C.2.h).
 */
export const attestationStatements: readonly string[] = [
  'The privacy policy is public, in plain language, and the app shows it before a member agrees.',
  'The policy says how the data may be used and shared, and whether it is sold, now or later.',
  'The app asks the member before it uses or shares the data for anything else, a sale included.',
  'The policy says which other data of the member’s device the app reads.',
  'The policy says how a member ends the access and has the data deleted.',
  'The app encrypts the data in transit and at rest, and it keeps secrets and tokens out of its code.',
  'The developer informs members and this plan without delay about a breach of the data.',
];
