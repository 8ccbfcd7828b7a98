import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { inflateRawSync } from 'node:zlib';
import { accountPage, signedOutPage } from './account-page.js';
import { certifiedKey, type CertifiedKey } from './certificate.js';
import {
  honestLogout,
  logoutRequestXml,
  logoutResponseXml,
  readSignedRedirect,
  redirectQuery,
} from './logout.js';
import { honestFields, responseXml, sessionIndexOf, signXml, type ResponseFields } from './response.js';

/** A request as the provider received it. */
export interface ReceivedRequest {
  xml: string;
  id: string;
  callbackUrl: string;
  audience: string;
  relayState: string;
}

/** The session of a person at the provider. */
export interface ProviderSession {
  nameId: string;
  sessionIndex: string;
  /** The single logout service of the application that this session is open for. */
  signOutUrl: string;
}

/** A SAML 2.0 identity provider for tests. It signs `nameId` in without a page. */
export interface IdentityProvider {
  entityId: string;
  signInUrl: string;
  signOutUrl: string;
  /** The provider's page with a link that signs the person out everywhere. */
  accountUrl: string;
  key: CertifiedKey;
  /** The certificate of the application, which signs its sign-outs. */
  applicationCertificate: string | undefined;
  /** The open sessions, the newest last. */
  sessions: ProviderSession[];
  /** The person that the provider signs in next. */
  nameId: string;
  /** Attributes of this person. */
  attributes: Record<string, readonly string[]>;
  /** The last request. */
  received: ReceivedRequest | undefined;
  /** Fields that replace the honest ones. */
  fields: Partial<ResponseFields>;
  /** The fields of the answer to a request. */
  fieldsFor(request: ReceivedRequest): ResponseFields;
  /** Builds the response. A test replaces it to forge one. */
  respond(fields: ResponseFields): string;
  close(): void;
}

const attributeOf = (xml: string, name: string) => new RegExp(` ${name}="([^"]*)"`).exec(xml)?.[1] ?? '';

export function readRequest(url: URL): ReceivedRequest {
  const xml = inflateRawSync(Buffer.from(url.searchParams.get('SAMLRequest') ?? '', 'base64')).toString();
  return {
    xml,
    id: attributeOf(xml, 'ID'),
    callbackUrl: attributeOf(xml, 'AssertionConsumerServiceURL'),
    audience: /<saml:Issuer[^>]*>([^<]*)</.exec(xml)?.[1] ?? '',
    relayState: url.searchParams.get('RelayState') ?? '',
  };
}

/** The provider's page: a form that sends itself, and has a button where no script runs. */
const page = (action: string, response: string, relayState: string) =>
  `<!doctype html><html lang="en"><title>Plan sign-in</title><body onload="document.forms[0].submit()">
   <form method="post" action="${action}">
   <input type="hidden" name="SAMLResponse" value="${Buffer.from(response).toString('base64')}">
   <input type="hidden" name="RelayState" value="${relayState}"><button>Continue</button></form></body></html>`;

export async function startIdentityProvider(nameId: string): Promise<IdentityProvider> {
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', provider.signInUrl);
    const isMessage = url.searchParams.has('SAMLRequest') || url.searchParams.has('SAMLResponse');
    if (isMessage && url.pathname === '/slo') return takeLogout(provider, url.search, response);
    if (isMessage) return signIn(provider, url, response);
    if (url.pathname === '/account') return send(response, accountPage('/leave'));
    if (url.pathname === '/leave') return leave(provider, response);
    // A browser asks for an icon, too.
    response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const key = certifiedKey('identity provider');
  const provider: IdentityProvider = {
    entityId: 'https://idp.plan.example/saml',
    // A host other than that of the system, so that a browser treats the answer as cross-site.
    signInUrl: `http://127.0.0.1:${port}/sso`,
    signOutUrl: `http://127.0.0.1:${port}/slo`,
    accountUrl: `http://127.0.0.1:${port}/account`,
    key,
    applicationCertificate: undefined,
    sessions: [],
    nameId,
    attributes: {},
    received: undefined,
    fields: {},
    fieldsFor: ({ id, callbackUrl, audience }) => ({
      ...honestFields({
        issuer: provider.entityId,
        callbackUrl,
        audience,
        requestId: id,
        nameId: provider.nameId,
      }),
      attributes: provider.attributes,
      ...provider.fields,
    }),
    respond: (fields) => signXml(signXml(responseXml(fields), 'Assertion', key), 'Response', key),
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
  return provider;
}

const send = (response: ServerResponse, html: string) =>
  void response.setHeader('content-type', 'text/html').end(html);
const redirect = (response: ServerResponse, location: string) =>
  void response.writeHead(302, { location }).end();

function signIn(provider: IdentityProvider, url: URL, response: ServerResponse): void {
  const received = readRequest(url);
  provider.received = received;
  const fields = provider.fieldsFor(received);
  provider.sessions.push({
    nameId: fields.nameId,
    sessionIndex: sessionIndexOf(fields),
    signOutUrl: `${received.callbackUrl}/single-logout`,
  });
  send(response, page(received.callbackUrl, provider.respond(fields), received.relayState));
}

/** Sends the person with a LogoutRequest about all sessions to the application (SAML Profiles §4.4.3.2). */
function leave({ sessions, entityId, nameId, key }: IdentityProvider, response: ServerResponse): void {
  const own = sessions.filter((session) => session.nameId === nameId);
  const [first] = own;
  if (!first) return send(response, signedOutPage(true));
  const xml = logoutRequestXml({
    ...honestLogout(entityId, first.signOutUrl, nameId),
    sessionIndexes: own.map(({ sessionIndex }) => sessionIndex),
  });
  redirect(response, `${first.signOutUrl}?${redirectQuery('SAMLRequest', xml, key)}`);
}

/** Takes the application's LogoutRequest, or its answer to one of the provider. */
function takeLogout(provider: IdentityProvider, search: string, response: ServerResponse): void {
  const { sessions, entityId: issuer, key, applicationCertificate = '', nameId } = provider;
  let message: ReturnType<typeof readSignedRedirect>;
  try {
    message = readSignedRedirect(search, applicationCertificate);
  } catch (error) {
    return void response.writeHead(400).end((error as Error).message);
  }
  const { xml, relayState, isRequest } = message;
  if (!isRequest) {
    const isDone = xml.includes('status:Success');
    if (isDone) provider.sessions = sessions.filter((session) => session.nameId !== nameId);
    return send(response, signedOutPage(isDone));
  }
  const meant = sessions.find((one) =>
    [one.nameId, one.sessionIndex].every((text) => xml.includes(`>${text}</`)),
  );
  if (!meant) return void response.writeHead(400).end('there is no such session');
  provider.sessions = sessions.filter((session) => session !== meant);
  const answer = logoutResponseXml({ issuer, inResponseTo: attributeOf(xml, 'ID') });
  const query = redirectQuery('SAMLResponse', answer, key, relayState === null ? {} : { relayState });
  redirect(response, `${meant.signOutUrl}?${query}`);
}
