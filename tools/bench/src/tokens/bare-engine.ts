import { createServer } from 'node:http';
import { Provider, type Configuration } from 'oidc-provider';

/**
 * The floor of the token measurements: `oidc-provider` alone, with its memory adapter and an RSA key. It has
 * no plan, no consent page, no event, no record and no database. One interaction signs the member in and
 * grants everything.
 */
const [, , keyText = '{}', clientText = '{}'] = process.argv;
const client = JSON.parse(clientText) as { client_id: string; client_secret: string; redirect_uri: string };
const audience = 'https://floor.example/fhir';
const storedAudience = 'https://floor.example/stored';
const memberScopes = 'openid fhirUser launch/patient patient/*.rs';

const server = createServer();
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
const { port } = server.address() as { port: number };
const issuer = `http://127.0.0.1:${port}`;

const configuration: Configuration = {
  clients: [
    {
      client_id: client.client_id,
      client_secret: client.client_secret,
      redirect_uris: [client.redirect_uri],
      grant_types: ['authorization_code', 'refresh_token', 'client_credentials'],
      response_types: ['code'],
      token_endpoint_auth_method: 'client_secret_basic',
    },
  ],
  jwks: { keys: [JSON.parse(keyText) as never] },
  scopes: [...memberScopes.split(' '), 'system/*.rs'],
  cookies: { keys: ['floor'] },
  pkce: { required: () => false },
  findAccount: (_ctx, sub) => ({ accountId: sub, claims: () => ({ sub }) }),
  issueRefreshToken: () => true,
  rotateRefreshToken: true,
  expiresWithSession: () => false,
  interactions: { url: (_ctx, { uid }) => `/interaction/${uid}` },
  ttl: {
    AccessToken: 3599,
    ClientCredentials: 3599,
    AuthorizationCode: 60,
    IdToken: 3599,
    Grant: 86_400,
    Interaction: 1800,
    Session: 1800,
    RefreshToken: 86_400,
  },
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    introspection: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => audience,
      useGrantedResource: () => true,
      getResourceServerInfo: (_ctx, resource) => ({
        scope: `${memberScopes} system/*.rs`,
        audience: resource,
        accessTokenTTL: 3599,
        // The engine introspects only tokens that it stores, and it stores no JWT.
        accessTokenFormat: resource === storedAudience ? 'opaque' : 'jwt',
        jwt: { sign: { alg: 'RS256' } },
      }),
    },
  },
};
const provider = new Provider(issuer, configuration);
const serve = provider.callback();

/** Signs the member in and grants all scopes: the whole of sign-in and consent. */
async function finishInteraction(
  request: Parameters<typeof serve>[0],
  response: Parameters<typeof serve>[1],
) {
  const accountId = 'member';
  const Grant = provider.Grant as unknown as new (of: object) => InstanceType<Provider['Grant']>;
  const grant = new Grant({ accountId, clientId: client.client_id });
  grant.addOIDCScope(memberScopes);
  grant.addResourceScope(audience, memberScopes);
  const grantId = await grant.save();
  await provider.interactionFinished(request, response, { login: { accountId }, consent: { grantId } });
}

server.on('request', (request, response) => {
  if (!request.url?.startsWith('/interaction/')) return void serve(request, response);
  finishInteraction(request, response).catch((error: Error) => response.writeHead(500).end(error.message));
});

process.send?.({ issuer });
process.on('disconnect', () => process.exit(0));
