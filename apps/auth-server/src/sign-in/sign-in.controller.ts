import { Body, Controller, Get, Inject, Param, Post, Req, Res } from '@nestjs/common';
import { wakeRelays } from '@payer/events';
import {
  CONFIG,
  countSignIn,
  isWorthAnEntry,
  KnownDevices,
  knownDeviceLifetime,
  recordAndTellAudit,
  SignInThrottle,
} from '@payer/service';
import type { Environment } from '@payer/smart';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { DataSource } from 'typeorm';
import { Apps } from '../clients/apps.js';
import type { Config } from '../config.js';
import { Members } from '../members/members.js';
import { Providers } from '../provider/providers.js';
import { interactionPath, Interactions, redirect, type InteractionDetails } from './interactions.js';
import { renderSignInPage } from './sign-in-page.js';

const deviceCookie = 'auth_known_device';

/** The first step of an interaction: the member signs in. */
@Controller(interactionPath)
export class SignInController {
  private readonly throttle: SignInThrottle;
  private readonly devices: KnownDevices;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly source: DataSource,
    private readonly apps: Apps,
    private readonly members: Members,
    private readonly providers: Providers,
    private readonly interactions: Interactions,
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
    const details = await this.interactions.find(environment, request, reply);
    if (!details) return reply;
    if (details.prompt.name === 'login') return this.signInPage(reply, environment, details);
    // Consent answers with its own name for this browser, to which the request is then bound.
    const { managementUrl } = this.config.addresses[environment];
    return redirect(reply, `${managementUrl}consent/begin?interaction=${details.uid}`);
  }

  /** For a browser that several people use: somebody else signs in, though a member is signed in already. */
  @Get('sign-in')
  async signInAgain(
    @Param('environment') environment: Environment,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const details = await this.interactions.find(environment, request, reply);
    return details ? this.signInPage(reply, environment, details) : reply;
  }

  @Post(['', 'sign-in'])
  async signIn(
    @Param('environment') environment: Environment,
    @Body() body: { username?: unknown; password?: unknown } | undefined,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const details = await this.interactions.find(environment, request, reply);
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
    return this.interactions.resume(environment, request, reply, {
      login: { accountId: member.sub, remember: false },
    });
  }

  private async tooMany(
    { retryAfter, count }: { retryAfter: number; count: number },
    environment: Environment,
    username: string,
    details: InteractionDetails,
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
    details: InteractionDetails,
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
    details: InteractionDetails,
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

  private async signInPage(
    reply: FastifyReply,
    environment: Environment,
    details: InteractionDetails,
    username?: string,
    problem?: string,
  ) {
    const app = await this.apps.find(String(details.params.client_id));
    return this.interactions.send(
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
}
