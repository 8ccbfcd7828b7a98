import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT, type JWTPayload } from 'jose';
import { Provider } from 'oidc-provider';

export interface Upstream {
  issuer: string;
  /** The account that the provider signs in next. */
  account: string;
  close(): void;
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/**
 * A second, real OpenID Connect provider. It signs in `account` without a page, and adds a member id beside
 * `sub`.
 */
export async function startUpstream(redirectUri: string): Promise<Upstream> {
  let handle = (_request: IncomingMessage, response: ServerResponse) => void response.end();
  const server = createServer((request, response) => handle(request, response));
  const issuer = await listen(server);
  const upstream: Upstream = { issuer, account: 'alice', close: () => void server.close() };
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: 'payer',
        client_secret: 'upstream-secret',
        redirect_uris: [redirectUri],
        post_logout_redirect_uris: [`${redirectUri}/signed-out`],
        token_endpoint_auth_method: 'client_secret_basic',
      },
    ],
    pkce: { required: () => true },
    claims: { openid: ['sub', 'member_id', 'acr', 'amr'] },
    conformIdTokenClaims: false,
    acrValues: ['urn:plan:two-factors'],
    features: { devInteractions: { enabled: false } },
    interactions: { url: (_ctx, interaction) => `/sign-in/${interaction.uid}` },
    findAccount: (_ctx, sub) => ({
      accountId: sub,
      claims: () => ({ sub, member_id: `member-of-${sub}` }),
    }),
    loadExistingGrant: async (ctx) => {
      const grant = new ctx.oidc.provider.Grant({
        clientId: ctx.oidc.client!.clientId,
        accountId: ctx.oidc.session!.accountId!,
      });
      grant.addOIDCScope('openid');
      await grant.save();
      return grant;
    },
  });
  const callback = provider.callback();
  handle = (request, response) => {
    if (!request.url?.startsWith('/sign-in/')) return void callback(request, response);
    void provider.interactionFinished(request, response, {
      login: { accountId: upstream.account, acr: 'urn:plan:two-factors', amr: ['pwd', 'otp'] },
    });
  };
  return upstream;
}

/** A provider that issues any id_token that a test needs. */
export async function startForger() {
  const pair = await generateKeyPair('RS256', { extractable: true });
  const stranger = await generateKeyPair('RS256');
  const jwk = { ...(await exportJWK(pair.publicKey)), kid: 'upstream', alg: 'RS256', use: 'sig' };
  const forger = {
    issuer: '',
    /** Claims that replace the correct ones. */
    claims: {} as JWTPayload,
    isSignedByStranger: false,
    isUnsigned: false,
    nonce: '',
    /** A logout token for `alice`. Undefined leaves a claim out. */
    logoutToken: (claims: JWTPayload = {}, typ = 'logout+jwt', key = pair.privateKey) => {
      const now = Math.floor(Date.now() / 1000);
      const honest = { iss: forger.issuer, aud: 'payer', sub: 'alice', iat: now, exp: now + 120 };
      const events = { 'http://schemas.openid.net/event/backchannel-logout': {} };
      return new SignJWT({ ...honest, jti: randomUUID(), events, ...claims })
        .setProtectedHeader({ alg: 'RS256', kid: 'upstream', typ })
        .sign(key);
    },
    strangersKey: stranger.privateKey,
    close: () => void server.close(),
  };
  const idToken = async () => {
    const now = Math.floor(Date.now() / 1000);
    const claims = {
      iss: forger.issuer,
      aud: 'payer',
      sub: 'alice',
      nonce: forger.nonce,
      iat: now,
      exp: now + 60,
      ...forger.claims,
    };
    if (forger.isUnsigned) {
      const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
      return `${part({ alg: 'none' })}.${part(claims)}.`;
    }
    return new SignJWT(claims)
      .setProtectedHeader({ alg: 'RS256', kid: 'upstream' })
      .sign(forger.isSignedByStranger ? stranger.privateKey : pair.privateKey);
  };
  const server = createServer((request, response) => {
    const { issuer } = forger;
    const answer = (body: object) =>
      response.setHeader('content-type', 'application/json').end(JSON.stringify(body));
    if (request.url === '/.well-known/openid-configuration')
      return void answer({
        issuer,
        authorization_endpoint: `${issuer}/authorize`,
        token_endpoint: `${issuer}/token`,
        jwks_uri: `${issuer}/jwks`,
        response_types_supported: ['code'],
        subject_types_supported: ['public'],
        id_token_signing_alg_values_supported: ['RS256'],
      });
    if (request.url === '/jwks') return void answer({ keys: [jwk] });
    void idToken().then((id_token) => answer({ access_token: 'x', token_type: 'Bearer', id_token }));
  });
  forger.issuer = await listen(server);
  return forger;
}
