import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
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

  it('connects from a web application and reads the patient', async () => {
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
    } finally {
      site.close();
    }
  });
});

/** The application: `/launch` starts the authorization, `/callback` finishes it and reads the patient. */
function webApplication(app: App, origin: string) {
  const kept = new Map<string, unknown>();
  const storage = {
    get: (key: string) => Promise.resolve(kept.get(key)),
    set: (key: string, value: unknown) => Promise.resolve(kept.set(key, value)).then(() => value),
    unset: (key: string) => Promise.resolve(kept.delete(key)),
  };
  const { client_id: clientId, client_secret: clientSecret } = app.credentials;
  return (request: IncomingMessage, response: ServerResponse) => {
    const fail = (error: Error) => response.writeHead(500).end(error.message);
    const api = smart(request as never, response as never, storage as never);
    if (request.url?.startsWith('/launch')) {
      const redirectUri = `${origin}/callback`;
      api
        .authorize({ iss: app.fhirBase, clientId, clientSecret, scope: patientAccessScope, redirectUri })
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
  const answer = await fetch(redirect);
  const text = await answer.text();
  if (!answer.ok) throw new Error(`fhirclient: ${text}`);
  return JSON.parse(text) as { patient: Record<string, unknown>; patientId: string | null };
}
