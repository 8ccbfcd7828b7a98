import { Body, Controller, Get, Inject, Param, Post, Req, Res } from '@nestjs/common';
import {
  CONFIG,
  countSignIn,
  isWorthAnEntry,
  KnownDevices,
  knownDeviceLifetime,
  SignInThrottle,
  type Queryable,
} from '@payer/service';
import { environmentRule, type Environment } from '@payer/smart';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { DataSource } from 'typeorm';
import { Apps } from '../clients/apps.js';
import type { Config } from '../config.js';
import { MemberProviders } from '../member-providers/member-providers.js';
import { Members, PasswordReplaced } from '../members/members.js';
import { offersTestMembers, type TestMember } from '../members/test-members.js';
import { passwordOnly } from '../second-factor/authentication-class.js';
import { beginStep } from '../second-factor/second-factor-steps.js';
import { SecondFactors } from '../second-factor/second-factors.js';
import {
  interactionPath,
  Interactions,
  redirect,
  type InteractionDetails,
} from '../interactions/interactions.js';
import { renderSignInPage } from './sign-in-page.js';
import { SignInRecords } from '../interactions/sign-in-records.js';

const deviceCookie = 'auth_known_device';

/**
 * A read in the packet of another one. Its failure shows where it is awaited: by then, the other read may
 * have led to the answer of the request, which must be the only one.
 */
function sentAlong<T>(read: Promise<T>): Promise<T> {
  read.catch(() => undefined);
  return read;
}

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
    private readonly interactions: Interactions,
    private readonly records: SignInRecords,
    private readonly providers: MemberProviders,
    private readonly secondFactors: SecondFactors,
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
    // The test members are read in the packet of the interaction, although the next step may not show them.
    const testMembers = sentAlong(this.testMembers(environment));
    const details = await this.interactions.find(environment, request, reply);
    if (!details) return reply;
    if (details.prompt.name === 'login')
      return this.signInPage(request, reply, environment, details, { testMembers: await testMembers });
    // Consent answers with the hash of this browser's secret, and the consent request is bound to it.
    const { managementUrl } = this.config.addresses[environment];
    return redirect(reply, `${managementUrl}consent/begin?interaction=${details.uid}`);
  }

  /** Lets another person sign in at a shared browser, although a member is signed in. */
  @Get('sign-in')
  async signInAgain(
    @Param('environment') environment: Environment,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const details = await this.interactions.find(environment, request, reply);
    return details ? this.signInPage(request, reply, environment, details) : reply;
  }

  @Post(['', 'sign-in'])
  async signIn(
    @Param('environment') environment: Environment,
    @Body() body: { username?: unknown; password?: unknown } | undefined,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    // PostgreSQL accepts no NUL in a text, and no name contains one.
    const username = typeof body?.username === 'string' ? body.username.replaceAll('\0', '').trim() : '';
    const password = typeof body?.password === 'string' ? body.password : '';
    // In an environment with providers, members have no passwords here.
    const hasPasswords = this.providers.of(environment).length === 0;
    // The stored password is read in the packet of the interaction. It is judged once the attempt is counted.
    const readPassword = () => this.members.passwordOf(environment, username);
    const reading = hasPasswords && username && password ? sentAlong(readPassword()) : undefined;
    const details = await this.interactions.find(environment, request, reply, 'repeat');
    if (!details) return reply;
    if (!hasPasswords) {
      void reply.code(403);
      return this.signInPage(request, reply, environment, details);
    }
    const stored = await reading;
    const device = this.devices.deviceOf(request.cookies[deviceCookie], username);
    const attempt = { realm: `member ${environment}`, name: username, address: request.ip, device };
    const judged = this.throttle.judge(
      attempt,
      async (hasWaited) => {
        if (!stored) return undefined;
        // While the attempt waited, the password may have been replaced, or the member removed.
        const current = hasWaited ? await readPassword() : stored;
        return this.members.authenticate(environment, current, password);
      },
      async (verified, takeBack) => {
        const confirm = async (db: Queryable) => {
          await this.members.requireCurrent(db, environment, verified);
          await takeBack(db);
          if (!device) this.remember(reply, environment, username);
        };
        await this.accept(environment, verified.sub, confirm, details, request, reply);
      },
    );
    const judgement = await judged.catch((error: unknown) => {
      if (error instanceof PasswordReplaced) return { isThrottled: false as const, result: undefined };
      throw error;
    });
    if (judgement.isThrottled) return this.tooMany(judgement, environment, username, details, request, reply);
    if (judgement.result) return reply;
    const sub = await this.members.subOf(environment, username);
    await this.records.keep(this.source, environment, 'sign-in-refused', sub, details);
    countSignIn('member', environment, 'failure');
    void reply.code(401);
    const problem = this.interactions.textsOf(request, details).t('signIn.problem.wrong');
    return this.signInPage(request, reply, environment, details, { username, problem });
  }

  /**
   * Goes on after the right password: with the code, or back to the engine.
   * @param confirm belongs to the transaction that stores the step
   * @throws PasswordReplaced when the password is wrong by now; nothing is stored then
   */
  private async accept(
    environment: Environment,
    sub: string,
    confirm: (db: Queryable) => Promise<void>,
    details: InteractionDetails,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<void> {
    // With a second factor, the sign-in is recorded after the code.
    if (await this.needsCode(environment, sub)) {
      await this.source.transaction(async (db) => {
        await confirm(db);
        await beginStep(db, environment, details.uid, { sub });
      });
      return void redirect(reply, `/${environment}/interaction/${details.uid}/code`);
    }
    await this.interactions.endSessionOfAnother(environment, details, sub, request, reply);
    const login = { accountId: sub, remember: false, ...passwordOnly };
    await this.interactions.resume(request, reply, { login }, async (db) => {
      await confirm(db);
      await this.records.keep(db, environment, 'signed-in', sub, details);
    });
    countSignIn('member', environment, 'success');
  }

  /** Whether the member has a second factor. Synthetic members have none. */
  private async needsCode(environment: Environment, sub: string): Promise<boolean> {
    return !offersTestMembers(environment) && this.secondFactors.has(environment, sub);
  }

  /** Signs a synthetic member in by a click. Only the sandbox offers this. */
  @Post('test-member')
  async signInTestMember(
    @Param('environment') environment: Environment,
    @Body() body: { test_member?: unknown } | undefined,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const details = await this.interactions.find(environment, request, reply, 'repeat');
    if (!details) return reply;
    const username = typeof body?.test_member === 'string' ? body.test_member.replaceAll('\0', '') : '';
    const hasProvider = this.providers.of(environment).length > 0;
    const sub = hasProvider ? undefined : await this.members.testMember(environment, username);
    if (!sub) return this.interactions.problem(request, reply, environment, 403, 'error.noSignIn');
    await this.interactions.endSessionOfAnother(environment, details, sub, request, reply);
    const login = { accountId: sub, remember: false };
    await this.interactions.resume(request, reply, { login }, (db) =>
      this.records.keep(db, environment, 'signed-in', sub, details, { by: 'click' }),
    );
    countSignIn('member', environment, 'success');
    return reply;
  }

  /** Cancels the sign-in: the app gets `access_denied` (RFC 6749 §4.1.2.1). */
  @Post('cancel')
  async cancel(
    @Param('environment') environment: Environment,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const details = await this.interactions.find(environment, request, reply, 'repeat');
    if (!details) return reply;
    return this.interactions.resume(request, reply, {
      error: 'access_denied',
      error_description: 'the member canceled the sign-in',
    });
  }

  private async tooMany(
    { retryAfter, count }: { retryAfter: number; count: number },
    environment: Environment,
    username: string,
    details: InteractionDetails,
    request: FastifyRequest,
    reply: FastifyReply,
  ) {
    countSignIn('member', environment, 'throttled');
    if (isWorthAnEntry(count)) {
      const sub = await this.members.subOf(environment, username);
      await this.records.keep(this.source, environment, 'sign-in-throttled', sub, details, { count });
    }
    void reply.code(429).header('retry-after', String(retryAfter));
    const minutes = Math.ceil(retryAfter / 60);
    const problem = this.interactions.textsOf(request, details).count('signIn.problem.throttled', minutes);
    return this.signInPage(request, reply, environment, details, { username, problem });
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

  private async signInPage(
    request: FastifyRequest,
    reply: FastifyReply,
    environment: Environment,
    details: InteractionDetails,
    shown: { username?: string; problem?: string; testMembers?: TestMember[] } = {},
  ) {
    const isAgain = details.prompt.name !== 'login';
    const app = await this.apps.findIn(environment, String(details.params.client_id));
    return this.interactions.send(
      reply,
      renderSignInPage({
        texts: this.interactions.textsOf(request, details),
        planName: this.config.PLAN_NAME,
        environment,
        app,
        providers: this.providers.of(environment).map(({ id, name }) => ({
          name,
          action: `/${environment}/interaction/${details.uid}/providers/${id}${isAgain ? '?again' : ''}`,
        })),
        testMembers: shown.testMembers ?? (await this.testMembers(environment)),
        testMemberAction: `/${environment}/interaction/${details.uid}/test-member`,
        // The passwords of the sandbox are made up, so nobody can get a new one.
        forgotPasswordUrl:
          environmentRule(environment).data === 'synthetic' ? undefined : this.config.FORGOT_PASSWORD_URL,
        cancelAction: `/${environment}/interaction/${details.uid}/cancel`,
        username: shown.username,
        problem: shown.problem,
      }),
    );
  }

  /** In an environment with providers, nobody signs in by a click. */
  private async testMembers(environment: Environment): Promise<TestMember[]> {
    return this.providers.of(environment).length > 0 ? [] : this.members.testMembers(environment);
  }
}
