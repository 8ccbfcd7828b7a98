export const patient = (id: string, family = 'Family') => ({
  resourceType: 'Patient',
  id,
  name: [{ family }],
});
export const weight = (id: string, owner: string) => ({
  resourceType: 'Observation',
  id,
  status: 'final',
  code: { text: 'weight' },
  subject: { reference: `Patient/${owner}` },
});
/** Resources as NDJSON. */
export const lines = (...resources: unknown[]) =>
  resources.map((resource) => JSON.stringify(resource)).join('\n');

/** A Bundle as JSON. */
export const bundle = (type: string, ...entry: object[]) =>
  JSON.stringify({ resourceType: 'Bundle', type, entry });
/** An entry that deletes. */
export const deletion = (url: string) => ({ request: { method: 'DELETE', url } });
