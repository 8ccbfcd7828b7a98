import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import smart from 'fhirclient';
import { agree, App, localMembers, patientAccessScope, PortalSession, type Member } from '@payer/journey';
import { startTestSystem, type TestSystem } from '@payer/journey/test-system';

const [member] = localMembers.sandbox;

/** `fhirclient`, the SMART project's own library, as a small web application uses it. */
describe('fhirclient', () => {
  let system: TestSystem;

  beforeAll(async () => {
    system = await startTestSystem();
  }, 180_000);
  afterAll(async () => {
    await system?.stop();
  }, 60_000);

  it('connects from a web application, reads the patient, refreshes and reads again', async () => {
    const site = createServer();
    await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve));
    const origin = `http://127.0.0.1:${(site.address() as AddressInfo).port}`;
    try {
      const developer = await PortalSession.newDeveloper(system.addresses.portal);
      const credentials = await developer.createApp('patient-access', {
        client_name: 'SMART app',
        redirect_uris: [`${origin}/callback`],
      });
      const app = new App(system.addresses, 'sandbox', credentials);
      site.on('request', webApplication(app, origin));
      const { patient, patientId } = await connect(app, origin, member);
      expect(patientId).toBe(member.patient);
      expect(patient).toMatchObject({ resourceType: 'Patient', id: member.patient });
      // The library refreshes only if the token response names offline_access.
      const refreshed = await textOf(`${origin}/refresh`);
      expect(JSON.parse(refreshed)).toEqual({ id: member.patient, hasNewTokens: true });
    } finally {
      site.close();
    }
  });
});

/**
 * The application: `/launch` starts the authorization, `/callback` finishes it and reads the patient,
 * `/refresh` refreshes the tokens and reads the patient again.
 */
function webApplication(app: App, origin: string) {
  const kept = new Map<string, unknown>();
  const storage = {
    get: (key: string) => Promise.resolve(kept.get(key)),
    set: (key: string, value: unknown) => Promise.resolve(kept.set(key, value)).then(() => value),
    unset: (key: string) => Promise.resolve(kept.delete(key)),
  };
  const { client_id: clientId, client_secret: clientSecret } = app.credentials;
  const scope = `${patientAccessScope} offline_access`;
  return (request: IncomingMessage, response: ServerResponse) => {
    const fail = (error: Error) => response.writeHead(500).end(error.message);
    const api = smart(request as never, response as never, storage as never);
    if (request.url?.startsWith('/launch')) {
      const redirectUri = `${origin}/callback`;
      api.authorize({ iss: app.fhirBase, clientId, clientSecret, scope, redirectUri }).catch(fail);
    } else if (request.url?.startsWith('/refresh')) {
      api
        .ready()
        .then(async (client) => {
          const tokens = () => [
            client.getState('tokenResponse.access_token'),
            client.getState('tokenResponse.refresh_token'),
          ];
          const before = tokens();
          await client.refresh();
          const hasNewTokens = tokens().every((token, index) => Boolean(token) && token !== before[index]);
          const { id } = await client.patient.read();
          response.end(JSON.stringify({ id, hasNewTokens }));
        })
        .catch(fail);
    } else {
      api
        .ready()
        .then(async (client) => {
          const patient: unknown = await client.patient.read();
          response.end(JSON.stringify({ patient, patientId: client.patient.id }));
        })
        .catch(fail);
    }
  };
}

/** A member opens the application, signs in and agrees. @returns the answer of the application */
async function connect(
  app: App,
  origin: string,
  person: Member,
): Promise<{ patient: Record<string, unknown>; patientId: string | null }> {
  const browser = app.browser([`${origin}/callback`]);
  const redirect = await agree(browser, `${origin}/launch`, person);
  return JSON.parse(await textOf(redirect)) as { patient: Record<string, unknown>; patientId: string | null };
}

/** The answer of the application. @throws Error with its text when the library failed */
async function textOf(address: string | URL): Promise<string> {
  const answer = await fetch(address);
  const text = await answer.text();
  if (!answer.ok) throw new Error(`fhirclient: ${text}`);
  return text;
}
