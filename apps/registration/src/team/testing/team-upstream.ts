import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Provider } from 'oidc-provider';

/** A person whom the provider signs in next. */
export interface UpstreamPerson {
  sub: string;
  email: string;
  groups: string[];
  email_verified?: boolean;
}

export interface TeamUpstream {
  issuer: string;
  person: UpstreamPerson;
  close(): void;
}

/** Another, real OpenID Connect provider. It signs in `person` without a page. */
export async function startTeamUpstream(redirectUri: string): Promise<TeamUpstream> {
  let handle = (_request: IncomingMessage, response: ServerResponse) => void response.end();
  const server: Server = createServer((request, response) => handle(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const upstream: TeamUpstream = {
    issuer,
    person: { sub: 'nobody', email: 'nobody@plan.example', groups: [] },
    close: () => void server.close(),
  };
  const provider = new Provider(issuer, {
    clients: [{ client_id: 'portal', client_secret: 'upstream-secret', redirect_uris: [redirectUri] }],
    pkce: { required: () => true },
    scopes: ['openid', 'profile', 'email'],
    claims: { openid: ['sub', 'groups', 'name', 'email', 'email_verified'] },
    conformIdTokenClaims: false,
    features: { devInteractions: { enabled: false } },
    interactions: { url: (_ctx, interaction) => `/sign-in/${interaction.uid}` },
    findAccount: (_ctx, sub) => ({
      accountId: sub,
      claims: () => ({ ...upstream.person, sub, name: `Person ${sub}` }),
    }),
    loadExistingGrant: async (ctx) => {
      const grant = new ctx.oidc.provider.Grant({
        clientId: ctx.oidc.client!.clientId,
        accountId: ctx.oidc.session!.accountId!,
      });
      grant.addOIDCScope('openid profile email');
      await grant.save();
      return grant;
    },
  });
  const callback = provider.callback();
  handle = (request, response) => {
    if (!request.url?.startsWith('/sign-in/')) return void callback(request, response);
    void provider.interactionFinished(request, response, { login: { accountId: upstream.person.sub } });
  };
  return upstream;
}
