/** The events that a webhook can send, each with its meaning for the documentation and the form. */
export const webhookTypes = {
  'grant.ended': {
    title: 'A grant ended',
    meaning:
      'A member disconnected the app, or the grant ended because its time was over, a token was misused, or the app was deleted.',
    fields: ['client_id', 'environment', 'grant_id', 'reason', 'ended_at'],
  },
  'production.decided': {
    title: 'The platform team decided',
    meaning: 'The team decided about the production request, or about a change after the approval.',
    fields: ['client_id', 'subject', 'decision', 'note'],
  },
  'app.suspended': {
    title: 'The app was suspended',
    meaning: 'Both environments are closed to the app.',
    fields: ['client_id', 'reason'],
  },
  'app.reinstated': {
    title: 'The app was reinstated',
    meaning: 'The app works again where it worked before the suspension.',
    fields: ['client_id', 'reason'],
  },
  'secret.ending': {
    title: 'A replaced secret ends soon',
    meaning: 'The grace period of the previous client secret is nearly over.',
    fields: ['client_id', 'expires_at'],
  },
  'webhook.test': {
    title: 'A test',
    meaning: 'Sent on request of the developer. Every endpoint receives it.',
    fields: ['client_id'],
  },
} as const;

export type WebhookType = keyof typeof webhookTypes;
export const allWebhookTypes = Object.keys(webhookTypes) as [WebhookType, ...WebhookType[]];

/** The types that an endpoint chooses from. Every endpoint receives the test. */
export const chosenWebhookTypes = allWebhookTypes.filter((type) => type !== 'webhook.test') as [
  Exclude<WebhookType, 'webhook.test'>,
  ...Exclude<WebhookType, 'webhook.test'>[],
];
