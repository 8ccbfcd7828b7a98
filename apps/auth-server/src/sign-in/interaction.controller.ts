import { Body, Controller, Get, Inject, Param, Post, Query, Req, Res } from '@nestjs/common';
import { wakeRelays } from '@payer/events';
import {
  countSignIn,
  isWorthAnEntry,
  KnownDevices,
  knownDeviceLifetime,
  recordAndTellAudit,
  SignInThrottle,
  useMessageOnce,
} from '@payer/service';
import { planRules, type Environment } from '@payer/smart';
import { contentSecurityPolicy } from '@payer/ui';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { errors, type Provider } from 'oidc-provider';
import { DataSource } from 'typeorm';
import { Apps } from '../clients/apps.js';
import type { Config } from '../config.js';
import { ConsentMessages } from '../consent/consent-messages.js';
import { signConsentRequest } from '../consent/consent-request.js';
import { grantHasEnded } from '../grants/end-grant.js';
import { newGrant, saveGrant } from '../provider/new-grant.js';
import { Keys } from '../keys/keys.js';
import { Members } from '../members/members.js';
import { Providers } from '../provider/providers.js';
import { renderOutOfDatePage, renderSignInPage, renderStartAgainPage } from './sign-in-page.js';

type Details = Awaited<ReturnType<Provider['interactionDetails']>>;

const deviceCookie = 'auth_known_device';

/** What a member passes between the app's request and its code: sign-in here, the question at consent, and the way back. */
@Controller(':environment(sandbox|production)/interaction/:uid')
export class InteractionController {
  private readonly throttle: SignInThrottle;
  private readonly devices: KnownDevices;

  constructor(
    @Inject('config') private readonly config: Config,
    private readonly messages: ConsentMessages,
    private readonly source: DataSource,
    private readonly apps: Apps,
    private readonly members: Members,
    private readonly keys: Keys,
    private readonly providers: Providers,
  ) {
    this.throttle = new SignInThrottle(source);
    this.devices = new KnownDevices(config.COOKIE_KEY);
  }

  @Get()
  async show(
    @Param('environment') environment: Environment,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const details = await this.details(environment, request, reply);
    if (!details) return reply;
    if (details.prompt.name === 'login') return this.signInPage(reply, environment, details);
    return this.askConsent(environment, details, reply);
  }

  /** For a browser that several people use: somebody else signs in, though a member is signed in already. */
  @Get('sign-in')
  async signInAgain(
    @Param('environment') environment: Environment,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const details = await this.details(environment, request, reply);
    return details ? this.signInPage(reply, environment, details) : reply;
  }

  @Post(['', 'sign-in'])
  async signIn(
    @Param('environment') environment: Environment,
    @Body() body: { username?: unknown; password?: unknown } | undefined,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const details = await this.details(environment, request, reply);
    if (!details) return reply;
    // PostgreSQL takes no NUL in a text, and no name has one.
    const username = typeof body?.username === 'string' ? body.username.replaceAll('\0', '').trim() : '';
    const password = typeof body?.password === 'string' ? body.password : '';
    const device = this.devices.deviceOf(request.cookies[deviceCookie], username);
    const attempt = { realm: `member ${environment}`, name: username, address: request.ip, device };
    const judgement = await this.throttle.judge(attempt, async () =>
      username && password ? this.members.authenticate(environment, username, password) : undefined,
    );
    if (judgement.isThrottled) return this.tooMany(judgement, environment, username, details, reply);
    const member = judgement.result;
    const sub = member ? member.sub : await this.members.subOf(environment, username);
    await this.record(environment, member ? 'signed-in' : 'sign-in-refused', sub, details);
    countSignIn('member', environment, member ? 'success' : 'failure');
    if (!member) {
      void reply.code(401);
      const problem = 'The username or the password is not right. Check both and try again.';
      return this.signInPage(reply, environment, details, username, problem);
    }
    if (!device) this.remember(reply, environment, username);
    await this.endSessionOfAnother(environment, details, member.sub, request, reply);
    return this.resume(environment, request, reply, { login: { accountId: member.sub, remember: false } });
  }

  private async tooMany(
    { retryAfter, count }: { retryAfter: number; count: number },
    environment: Environment,
    username: string,
    details: Details,
    reply: FastifyReply,
  ) {
    countSignIn('member', environment, 'throttled');
    if (isWorthAnEntry(count)) {
      const sub = await this.members.subOf(environment, username);
      await this.record(environment, 'sign-in-throttled', sub, details, { count });
    }
    void reply.code(429).header('retry-after', String(retryAfter));
    const minutes = Math.ceil(retryAfter / 60);
    const problem = `Too many attempts. Please try again in ${minutes} minute${minutes === 1 ? '' : 's'}.`;
    return this.signInPage(reply, environment, details, username, problem);
  }

  /** A name that is nobody's is not written down: people type passwords into that field, too. */
  private async record(
    environment: Environment,
    action: 'signed-in' | 'sign-in-refused' | 'sign-in-throttled',
    sub: string | undefined,
    details: Details,
    detail: Record<string, unknown> = {},
  ): Promise<void> {
    await recordAndTellAudit(this.source, 'auth-server', [
      {
        action,
        actor_role: sub ? 'member' : 'unknown',
        actor: sub ?? null,
        environment,
        client_id: String(details.params.client_id),
        sub: sub ?? null,
        detail,
      },
    ]);
    wakeRelays();
  }

  /** The way back from consent. */
  @Get('decision')
  async decided(
    @Param('environment') environment: Environment,
    @Query('decision') token: string | undefined,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const details = await this.details(environment, request, reply);
    if (!details) return reply;
    let decision;
    try {
      decision = await this.messages.decision(token ?? '', this.config.addresses[environment]);
    } catch (error) {
      request.log.warn({ reason: (error as Error).message }, 'a consent decision was refused');
      return this.problem(
        reply,
        environment,
        400,
        'Your answer reached us too late or was changed on its way.',
      );
    }
    const mine =
      decision.interaction === details.uid &&
      decision.sub === details.session?.accountId &&
      decision.client_id === details.params.client_id;
    if (!mine || !(await useMessageOnce(this.source, decision.jti, decision.exp)))
      return this.problem(
        reply,
        environment,
        400,
        'This answer belongs to another request, or was used before.',
      );
    if (decision.decision === 'deny')
      return this.resume(environment, request, reply, {
        error: 'access_denied',
        error_description: 'the member decided not to share',
      });
    const seconds = decision.grant_expires_at - Math.floor(Date.now() / 1000);
    if (seconds <= 0 || (await grantHasEnded(this.source, decision.grant_id)))
      return this.problem(reply, environment, 400, 'This connection has already been ended.');
    const provider = this.providers.of(environment);
    const grant = newGrant(provider, decision.sub, decision.client_id);
    // One name for one thing: the engine's grant is consent's grant.
    grant.jti = decision.grant_id;
    const { scopes } = planRules['patient-access'];
    grant.addOIDCScope('openid fhirUser');
    grant.addResourceScope(this.config.addresses[environment].fhirBaseUrl, scopes.join(' '));
    await saveGrant(grant, seconds);
    return this.resume(environment, request, reply, { consent: { grantId: decision.grant_id } });
  }

  private async askConsent(environment: Environment, details: Details, reply: FastifyReply) {
    const addresses = this.config.addresses[environment];
    const app = await this.apps.find(String(details.params.client_id));
    const member = await this.members.find(environment, details.session?.accountId ?? '');
    if (!app || !member)
      return this.problem(reply, environment, 400, 'The app or your account is no longer known.');
    const request = await signConsentRequest(this.keys, addresses, {
      interaction: details.uid,
      app,
      member,
      scope: planRules['patient-access'].scopes.join(' '),
      returnTo: `${addresses.issuer}/interaction/${details.uid}/decision`,
      signInUrl: `${addresses.issuer}/interaction/${details.uid}/sign-in`,
      authTime: await this.signedInAt(environment, details),
    });
    return reply.redirect(`${addresses.managementUrl}consent?request=${request}`, 303);
  }

  /** Seconds since the epoch. */
  private async signedInAt(environment: Environment, { session }: Details): Promise<number> {
    const found = session && (await this.providers.of(environment).Session.findByUid(session.uid));
    return found?.loginTs ?? Math.floor(Date.now() / 1000);
  }

  private remember(reply: FastifyReply, environment: Environment, username: string): void {
    void reply.setCookie(deviceCookie, this.devices.issue(username), {
      path: `/${environment}/interaction`,
      httpOnly: true,
      sameSite: 'lax',
      secure: this.config.AUTH_SERVER_URL.startsWith('https:'),
      maxAge: knownDeviceLifetime,
    });
  }

  /** Who signs in takes the place of the member who was signed in in this browser; the engine alone would ask by a script. */
  private async endSessionOfAnother(
    environment: Environment,
    details: Details,
    sub: string,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<void> {
    const { session } = details;
    if (!session?.accountId || session.accountId === sub) return;
    const provider = this.providers.of(environment);
    await (await provider.Session.get(provider.createContext(request.raw, reply.raw))).destroy();
    delete details.session;
    await details.save(details.exp - Math.floor(Date.now() / 1000));
  }

  /** The interaction of this browser, or undefined when a page has said what is wrong. */
  private async details(
    environment: Environment,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<Details | undefined> {
    try {
      const details = await this.providers.of(environment).interactionDetails(request.raw, reply.raw);
      if (details.uid === (request.params as { uid: string }).uid) return details;
    } catch (error) {
      if (!(error instanceof errors.SessionNotFound)) throw error;
    }
    const { managementUrl } = this.config.addresses[environment];
    void reply.code(400);
    await this.send(reply, renderOutOfDatePage(this.config.PLAN_NAME, environment, managementUrl));
    return undefined;
  }

  private async resume(
    environment: Environment,
    request: FastifyRequest,
    reply: FastifyReply,
    result: Parameters<Provider['interactionResult']>[2],
  ) {
    const provider = this.providers.of(environment);
    const returnTo = await provider.interactionResult(request.raw, reply.raw, result, {
      mergeWithLastSubmission: true,
    });
    return reply.redirect(returnTo, 303);
  }

  private async signInPage(
    reply: FastifyReply,
    environment: Environment,
    details: Details,
    username?: string,
    problem?: string,
  ) {
    const app = await this.apps.find(String(details.params.client_id));
    return this.send(
      reply,
      renderSignInPage({
        planName: this.config.PLAN_NAME,
        environment,
        appName: app?.client_name,
        username,
        problem,
      }),
    );
  }

  private problem(reply: FastifyReply, environment: Environment, status: number, whatHappened: string) {
    void reply.code(status);
    return this.send(reply, renderStartAgainPage(this.config.PLAN_NAME, environment, whatHappened));
  }

  /** Forms here lead, by redirects, to consent and to apps, so their targets cannot be listed. */
  private send(reply: FastifyReply, page: string) {
    return reply
      .type('text/html; charset=utf-8')
      .header('content-security-policy', contentSecurityPolicy())
      .header('cache-control', 'no-store')
      .send(page);
  }
}
