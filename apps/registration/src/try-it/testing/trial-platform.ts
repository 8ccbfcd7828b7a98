import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DataSource } from 'typeorm';
import { startPortal, type TestPortal, type Visitor } from '../../testing/portal.js';

/** A request of the portal to the authorization server or to the FHIR API. */
export interface Received {
  method: string;
  host: string;
  path: string;
  authorization: string;
  /** The DPoP proof. */
  dpop: string;
  body: string;
}

type Answering = (request: Received) => { status?: number; body: unknown };

export const fhirBase = 'http://fhir.example/sandbox/interop/external/fhir';

export const jwtOf = (claims: object) =>
  ['{}', JSON.stringify(claims), 'signature']
    .map((part) => Buffer.from(part).toString('base64url'))
    .join('.');

/** A portal whose trials meet a double of the authorization server and of the FHIR API. */
export class TrialPlatform {
  received: Received[] = [];
  answer: Answering = wellAnswer;
  portal!: TestPortal;
  source!: DataSource;
  private readonly server = createServer((request, response) => {
    void bodyOf(request).then((body) => {
      const one = {
        method: request.method ?? '',
        host: request.headers.host ?? '',
        path: request.url ?? '',
        authorization: request.headers.authorization ?? '',
        dpop: String(request.headers.dpop ?? ''),
        body,
      };
      this.received.push(one);
      const { status = 200, body: text } = this.answer(one);
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(typeof text === 'string' ? text : JSON.stringify(text));
    });
  });

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.server.listen(0, resolve));
    const origin = `http://localhost:${(this.server.address() as AddressInfo).port}`;
    this.portal = await startPortal({
      AUTH_SERVER_URL: 'http://auth.example',
      AUTH_SERVER_ORIGIN: origin,
      SANDBOX_FHIR_BASE_URL: fhirBase,
      FHIR_API_ORIGIN: origin,
      TRY_IT_LIMIT_PER_ADDRESS: '40/60',
    });
    this.source = await new DataSource({
      type: 'postgres',
      url: this.portal.config.DATABASE_URL,
    }).initialize();
  }

  async stop(): Promise<void> {
    await this.source?.destroy();
    await this.portal?.stop();
    this.server.close();
  }

  /** Forgets the requests, and answers as a platform without faults. */
  reset(): void {
    this.received = [];
    this.answer = wellAnswer;
  }

  /** Begins a trial. @returns the next URL of the browser */
  async begin(visitor: Visitor, id: string): Promise<URL> {
    const begun = await visitor.post(`/apps/${id}/try-it`);
    if (begun.status !== 303) throw new Error(`try it: status ${begun.status}: ${begun.text}`);
    return new URL(begun.headers.get('location') ?? '', 'http://portal.example');
  }

  /** Begins a trial, and comes back with a code. @returns the path of the run */
  async connect(visitor: Visitor, id: string): Promise<string> {
    const request = await this.begin(visitor, id);
    const query = new URLSearchParams({ code: 'c1', state: request.searchParams.get('state') ?? '' });
    const back = await visitor.get(`/try-it/callback?${query}`);
    if (back.status !== 303) throw new Error(`callback: status ${back.status}: ${back.text}`);
    return back.headers.get('location') ?? '';
  }
}

const wellAnswer: Answering = ({ path, body }) => {
  if (path.endsWith('/par')) return { status: 201, body: { request_uri: 'urn:pushed:1', expires_in: 60 } };
  if (path.endsWith('/token') && body.includes('grant_type=authorization_code'))
    return {
      body: { access_token: jwtOf({ patient: 'p1' }), refresh_token: 'r1', patient: 'p1', expires_in: 3599 },
    };
  if (path.endsWith('/token')) return { body: { access_token: jwtOf({ sub: 'app' }), expires_in: 3599 } };
  if (path.includes('/Patient/')) return { body: { resourceType: 'Patient', id: 'p1', gender: 'female' } };
  return {
    body: {
      resourceType: 'Bundle',
      entry: [
        { resource: { resourceType: 'Practitioner', id: 'd1', name: [{ family: 'Lind', given: ['Eva'] }] } },
      ],
      link: [{ relation: 'next', url: `${fhirBase}/Practitioner?page=2` }],
    },
  };
};

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const part of request) text += String(part);
  return text;
}
