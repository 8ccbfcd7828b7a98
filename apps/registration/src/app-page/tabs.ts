/** The pages of one app in the order of the tabs. The URL of a tab is `/apps/:client_id` and its path. */
export const appTabs = [
  { id: 'overview', path: '', label: 'Overview' },
  { id: 'credentials', path: '/credentials', label: 'Credentials' },
  { id: 'redirect-uris', path: '/redirect-uris', label: 'Redirect URIs' },
  { id: 'settings', path: '/settings', label: 'Settings' },
  { id: 'webhooks', path: '/webhooks', label: 'Webhooks' },
  { id: 'activity', path: '/activity', label: 'Activity' },
  { id: 'levers', path: '/levers', label: 'Levers' },
  { id: 'production', path: '/production', label: 'Production' },
] as const;
export type AppTab = (typeof appTabs)[number]['id'];

export const tabAddress = (clientId: string, tab: AppTab) =>
  `/apps/${clientId}${appTabs.find(({ id }) => id === tab)?.path ?? ''}`;

/** Texts that report an action, by the word in the page's URL (`?done=`). */
export const doneTexts = {
  saved: 'Saved. The sandbox shows the change now. Production shows it after a review, where one is needed.',
  'logo-uploaded': 'The logo is uploaded. Members see it on the consent page from now on.',
  'logo-removed': 'The logo is removed.',
  'uri-added': 'The redirect URI is registered. The app can use it now.',
  'uri-removed': 'The redirect URI is removed. Authorization requests with it are refused from now on.',
  'secret-stored': 'The portal no longer shows the secret.',
  'webhook-added': 'The endpoint is added. Send a test to see whether your server receives it.',
  'webhook-removed': 'The endpoint is removed.',
  'webhook-secret-replaced': 'The endpoint has a new secret. For 24 hours messages bear a signature of each.',
  'webhook-queued': 'The message is on its way. Load this page again to see its outcome.',
  'authentication-saved': 'Saved. The app authenticates this way from now on, in all environments.',
  'registration-token-ended': 'The registration access token has ended.',
  'secret-ended': 'The previous secret has ended.',
  'lever-set': 'The lever is set. The next request of this kind gets the error, once.',
  'lever-taken-back': 'The lever is taken back.',
  'grant-ended': 'The grant ends now. Its tokens are refused within a second.',
  'token-ended': 'The token has ended. The FHIR API refuses it within a second.',
  subscribed: 'The app has its plan, and the sandbox is open.',
  requested: 'You have submitted the request.',
  'draft-saved': 'The draft is saved.',
  withdrawn: 'The request is withdrawn.',
  'message-sent': 'The message is sent.',
  appealed: 'You have submitted the appeal.',
  'attestation-saved': 'The attestation is saved. Members see it on the consent page from now on.',
  suspended: 'The app is suspended in all environments.',
  reinstated: 'The app is reinstated.',
} as const;
export type Done = keyof typeof doneTexts;
export const doneWords = Object.keys(doneTexts) as [Done, ...Done[]];
