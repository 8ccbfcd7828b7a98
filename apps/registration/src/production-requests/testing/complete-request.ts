import { newApp, newDeveloper, type Visitor } from '../../testing/portal.js';

/** The form of a production request with an answer to every needed question. */
export const completeRequest = {
  description: 'Shows members what their visits cost.',
  organization_name: 'Apps Incorporated',
  contacts: 'ada@client-app.example\nbea@client-app.example',
  security_contact: 'security@client-app.example',
  privacy_policy_uri: 'https://client-app.example/privacy',
  tos_uri: 'https://client-app.example/terms',
  data_use: 'To show costs.',
  data_sharing: 'Nobody.',
  data_sale: 'never',
  data_retention: 'Until the member disconnects.',
  data_deletion: 'A button in the app, at once.',
  security_practices: 'TLS 1.3, keys in an HSM.',
};

/** The address of the Production tab. */
export const productionTab = (clientId: string) => `/apps/${clientId}/production`;

/** Submits a request for a new app. @param team a signed-in reviewer, who finds the request's id */
export async function submittedRequest(
  url: string,
  team: Visitor,
  { app = {}, answers = {} }: { app?: Record<string, string>; answers?: Record<string, string> } = {},
): Promise<{ developer: Visitor; id: string; request: string }> {
  const developer = await newDeveloper(url);
  const id = await newApp(developer, app);
  const form = { act: 'submit', ...completeRequest, ...answers };
  const sent = await developer.post(productionTab(id), form);
  if (sent.status !== 303) throw new Error(`submit: status ${sent.status}: ${sent.text}`);
  const page = await team.get(productionTab(id));
  const request = page.text.match(/\/platform\/requests\/([\w-]{36})/)?.[1];
  if (!request) throw new Error('the team sees no request of the app');
  return { developer, id, request };
}

/** An app for which the team has opened production. */
export async function approvedApp(
  url: string,
  team: Visitor,
  app: Record<string, string> = {},
): Promise<{ developer: Visitor; id: string; request: string }> {
  const submitted = await submittedRequest(url, team, { app });
  const answer = await team.post(`/platform/requests/${submitted.request}`, { decision: 'approve' });
  if (answer.status !== 303) throw new Error(`approve: status ${answer.status}: ${answer.text}`);
  return submitted;
}

/** Signs a member of the platform team in; without arguments the local account with every role. */
export async function signInTeam(
  visitor: Visitor,
  email = 'platform@example.org',
  password = 'platform-password',
): Promise<Visitor> {
  const answer = await visitor.post('/sign-in', { email, password });
  if (answer.status !== 303) throw new Error(`sign in: status ${answer.status}`);
  return visitor;
}
