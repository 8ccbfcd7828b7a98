import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { inflateRawSync } from 'node:zlib';
import { certifiedKey, type CertifiedKey } from './certificate.js';
import { honestFields, responseXml, signXml, type ResponseFields } from './response.js';

/** A request as the provider received it. */
export interface ReceivedRequest {
  xml: string;
  id: string;
  callbackUrl: string;
  audience: string;
  relayState: string;
}

/** A SAML 2.0 identity provider for tests. It signs `nameId` in without a page. */
export interface IdentityProvider {
  entityId: string;
  signInUrl: string;
  signOutUrl: string;
  key: CertifiedKey;
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
    // A browser asks for an icon, too.
    if (!url.searchParams.has('SAMLRequest')) return void response.writeHead(404).end();
    const received = readRequest(url);
    provider.received = received;
    const xml = provider.respond(provider.fieldsFor(received));
    response.setHeader('content-type', 'text/html');
    response.end(page(received.callbackUrl, xml, received.relayState));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const key = certifiedKey('identity provider');
  const provider: IdentityProvider = {
    entityId: 'https://idp.plan.example/saml',
    // A host other than that of the system, so that a browser treats the answer as cross-site.
    signInUrl: `http://127.0.0.1:${port}/sso`,
    signOutUrl: `http://127.0.0.1:${port}/slo`,
    key,
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
