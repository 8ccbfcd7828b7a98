import { Body, Controller, Get, Inject, Logger, Param, Post, Query, Req, Res } from '@nestjs/common';
import { CONFIG, ServiceIdentity, sha256 } from '@payer/service';
import { endpointPaths, environmentPath, type Environment } from '@payer/smart';
import { memberMessagePolicy } from '@payer/ui';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { renderRefusedPage } from '../authorization/refused-page.js';
import { Apps } from '../clients/apps.js';
import type { Config } from '../config.js';
import { Providers } from '../engine/providers.js';
import { Keys } from '../keys/keys.js';
import { endSessionsAtConsent } from '../members/end-sign-ins.js';
import { ProviderSignOut } from '../member-providers/provider-sign-out.js';
import { Interactions } from '../interactions/interactions.js';
import { textsFor } from '../http/languages.js';
import { checkEndSession, RefusedEndSession } from './end-session-request.js';
import { pendingLifetime, PendingSignOuts } from './pending-sign-out.js';
import { renderSignedOutPage, renderSignOutPage, renderStayedPage } from './sign-out-pages.js';

const cookieName = (environment: Environment) => `auth_end_session_${environment}`;

/**
 * The end-session endpoint for apps (OpenID Connect RP-Initiated Logout 1.0). The member is always asked, so
 * a link on a foreign page signs nobody out. Grants and tokens stay: the member ends them at the connected
 * apps.
 */
@Controller(`${environmentPath}${endpointPaths.endSession}`)
export class EndSessionController {
  private readonly pending: PendingSignOuts;
  private readonly logger = new Logger('sign-out');

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly apps: Apps,
    private readonly keys: Keys,
    private readonly providers: Providers,
    private readonly interactions: Interactions,
    private readonly providerSignOut: ProviderSignOut,
    private readonly identity: ServiceIdentity,
  ) {
    this.pending = new PendingSignOuts(config.KEY_ENCRYPTION_KEY);
  }

  /** A POST becomes a GET: browsers send no session cookie with a POST from another site. */
  @Post()
  post(
    @Param('environment') environment: Environment,
    @Body() body: Record<string, unknown> | undefined,
    @Res() reply: FastifyReply,
  ) {
    const pairs = Object.entries(body ?? {}).flatMap(([name, value]) =>
      [value].flat().map((one): [string, string] => [name, String(one)]),
    );
    const query = new URLSearchParams(pairs).toString();
    return this.go(reply, `/${environment}${endpointPaths.endSession}${query && `?${query}`}`);
  }

  @Get()
  async begin(
    @Param('environment') environment: Environment,
    @Query() query: Record<string, unknown>,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const asked = await checkEndSession(query, {
      keys: this.keys,
      addresses: this.config.addresses[environment],
      findApp: (clientId, uri) =>
        this.apps.findFor(
          environment,
          clientId,
          ({ status, environments, post_logout_redirect_uris: uris = [] }) =>
            status !== 'deleted' &&
            (uri === undefined || (environments.includes(environment) && uris.includes(uri))),
        ),
    }).catch((error: unknown) => {
      if (error instanceof RefusedEndSession) return error;
      throw error;
    });
    if (asked instanceof RefusedEndSession) return this.refuse(environment, query, asked, request, reply);
    const session = await this.sessionOf(environment, request, reply);
    if (!session.accountId) {
      if (asked.location) return this.go(reply, asked.location);
      return this.interactions.send(reply, renderSignedOutPage(this.page(environment, request, query)));
    }
    const sealed = this.pending.seal(environment, {
      session: session.uid,
      appName: asked.app?.client_name,
      isOther: asked.sub !== undefined && asked.sub !== session.accountId,
      location: asked.location,
    });
    void reply.setCookie(cookieName(environment), sealed, {
      path: `/${environment}${endpointPaths.endSession}`,
      httpOnly: true,
      sameSite: 'lax',
      secure: this.config.AUTH_SERVER_URL.startsWith('https:'),
      maxAge: pendingLifetime,
    });
    const language = typeof query.ui_locales === 'string' ? query.ui_locales.slice(0, 100) : '';
    const suffix = language && `?${new URLSearchParams({ ui_locales: language })}`;
    return this.go(reply, `/${environment}${endpointPaths.endSession}/confirm${suffix}`);
  }

  @Get('confirm')
  async ask(
    @Param('environment') environment: Environment,
    @Query() query: Record<string, unknown>,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const { pending, token } = await this.pendingOf(environment, request, reply);
    if (!pending) return this.startAgain(environment, request, reply);
    const page = this.page(environment, request, query);
    return this.interactions.send(reply, renderSignOutPage({ ...page, ...pending, token }));
  }

  @Post('confirm')
  async answer(
    @Param('environment') environment: Environment,
    @Body() body: { decision?: unknown; token?: unknown } | undefined,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const { pending, token, session } = await this.pendingOf(environment, request, reply);
    if (!pending || body?.token !== token || (body.decision !== 'yes' && body.decision !== 'no'))
      return this.startAgain(environment, request, reply);
    if (body.decision === 'no')
      return pending.location
        ? this.go(reply, pending.location)
        : this.interactions.send(reply, renderStayedPage(this.page(environment, request)));
    const sub = session.accountId!;
    await session.destroy();
    // The next person at a shared computer would see the member's connected apps.
    await endSessionsAtConsent(this.identity, this.config, environment, sub).catch(({ message }: Error) =>
      this.logger.warn(`a session at the connected apps is left to its end: ${message}`),
    );
    void reply.clearCookie(cookieName(environment), { path: `/${environment}${endpointPaths.endSession}` });
    const own = `/${environment}${endpointPaths.endSession}`;
    const next = pending.location ?? own;
    return this.go(reply, (await this.providerSignOut.leave(request, reply, environment, sub, next)) ?? next);
  }

  private sessionOf(environment: Environment, request: FastifyRequest, reply: FastifyReply) {
    const provider = this.providers.of(environment);
    return provider.Session.get(provider.createContext(request.raw, reply.raw));
  }

  /** The request that this browser's session has to answer. The form repeats its token. */
  private async pendingOf(environment: Environment, request: FastifyRequest, reply: FastifyReply) {
    const session = await this.sessionOf(environment, request, reply);
    const sealed = request.cookies[cookieName(environment)];
    const pending = session.accountId ? this.pending.open(environment, sealed, session.uid) : undefined;
    return { session, pending, token: sha256(sealed ?? '') };
  }

  private page(environment: Environment, request: FastifyRequest, query: Record<string, unknown> = {}) {
    return {
      texts: textsFor(request, query.ui_locales),
      planName: this.config.PLAN_NAME,
      environment,
      connectedApps: this.config.addresses[environment].managementUrl,
    };
  }

  private startAgain(environment: Environment, request: FastifyRequest, reply: FastifyReply) {
    return this.interactions.problem(request, reply, environment, 400, 'signOut.over');
  }

  private refuse(
    environment: Environment,
    { client_id, post_logout_redirect_uri: uri, ui_locales }: Record<string, unknown>,
    { message }: RefusedEndSession,
    request: FastifyRequest,
    reply: FastifyReply,
  ) {
    return reply
      .code(400)
      .type('text/html; charset=utf-8')
      .header('content-security-policy', memberMessagePolicy())
      .header('cache-control', 'no-store')
      .send(
        renderRefusedPage({
          ...this.page(environment, request, { ui_locales }),
          portal: this.config.REGISTRATION_URL,
          error: 'invalid_request',
          reason: message,
          isSignOut: true,
          ...(typeof uri === 'string' ? { redirectUri: uri } : {}),
          ...(typeof client_id === 'string' ? { clientId: client_id } : {}),
        }),
      );
  }

  private go(reply: FastifyReply, location: string) {
    return reply.header('cache-control', 'no-store').redirect(location, 303);
  }
}
