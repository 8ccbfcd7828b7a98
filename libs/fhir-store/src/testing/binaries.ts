/** A Binary with a text as its content. */
export const binary = (id: string, text: string) => ({
  resourceType: 'Binary',
  id,
  contentType: 'text/plain',
  data: Buffer.from(text).toString('base64'),
});

/** A DocumentReference of a patient, with an attachment at a URL. */
export const document = (id: string, owner: string, url: string) => ({
  resourceType: 'DocumentReference',
  id,
  status: 'current',
  subject: { reference: `Patient/${owner}` },
  content: [{ attachment: { contentType: 'text/plain', url } }],
});
