import { Body, Controller, Get, Inject, Param, Post, Req, Res } from '@nestjs/common';
import { CONFIG, findApp } from '@payer/service';
import { environmentPath, type Environment } from '@payer/smart';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { DataSource } from 'typeorm';
import { z } from 'zod';
import type { Config } from '../config.js';
import { Grants, type ListedGrant } from '../grants/grants.js';
import { Redemptions } from '../grants/redemptions.js';
import { MemberSessions } from '../http/member-session.js';
import { sendPage, sendProblem } from '../http/pages.js';
import { Keys } from '../keys/keys.js';
import { renderConnectedAppsPage, renderSignedOutPage, type ConnectedApp } from './connected-apps-page.js';
import { SignIn, type Leaving } from './sign-in.js';
import { signSignOutRequest } from './sign-out-request.js';

const endedShown = 20;
const leavingCookie = (environment: Environment) => `consent_leaving_${environment}`;
const leavingShape = z.object({ state: z.string(), nonce: z.string(), verifier: z.string() });

/** The member's connected apps (SMART `management_endpoint`). */
@Controller(environmentPath)
export class ConnectedAppsController {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly source: DataSource,
    private readonly grants: Grants,
    private readonly redemptions: Redemptions,
    private readonly sessions: MemberSessions,
    private readonly signIn: SignIn,
    private readonly keys: Keys,
  ) {}

  @Get()
  async show(
    @Param('environment') environment: Environment,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const member = await this.sessions.find(request, environment);
    if (!member) return this.leaveForSignIn(environment, reply);
    const isKnown = await this.redemptions.checkOf(environment, member.sub);
    const grants = await this.grants.ofMember(environment, member.sub);
    const disconnected = (request.query as { disconnected?: string }).disconnected;
    return sendPage(
      reply,
      renderConnectedAppsPage({
        planName: this.config.PLAN_NAME,
        environment,
        memberName: member.name,
        apps: await this.byApp(grants.filter(({ status }) => status === 'active')),
        // While auth-server does not answer, a pending grant may have been redeemed: its member can end it.
        unconfirmed: isKnown ? [] : await this.byApp(grants.filter(({ status }) => status === 'pending')),
        ended: grants.filter(({ status }) => status === 'revoked').slice(0, endedShown),
        disconnected: grants.find(({ client_id }) => client_id === disconnected)?.client_name,
      }),
    );
  }

  @Get('callback')
  async comeBack(
    @Param('environment') environment: Environment,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const query = request.url.split('?')[1] ?? '';
    const leaving = this.leaving(request, environment);
    void reply.clearCookie(leavingCookie(environment), { path: `/${environment}/callback` });
    if (!leaving)
      return sendProblem(
        reply,
        this.config.PLAN_NAME,
        environment,
        'You signed in from another browser or too late.',
        { whatToDo: this.tryAgain(environment) },
      );
    try {
      const member = await this.signIn.comeBack(environment, query, leaving);
      await this.sessions.begin(reply, member);
    } catch (error) {
      request.log.warn({ reason: (error as Error).message }, 'a sign-in was refused');
      return sendProblem(reply, this.config.PLAN_NAME, environment, 'We could not sign you in.', {
        whatToDo: this.tryAgain(environment),
      });
    }
    return reply.redirect(`/${environment}/`, 303);
  }

  @Post('disconnect')
  async disconnect(
    @Param('environment') environment: Environment,
    @Body() body: { client_id?: unknown } | undefined,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const member = await this.sessions.find(request, environment);
    const clientId = typeof body?.client_id === 'string' ? body.client_id : '';
    if (!member) return reply.redirect(`/${environment}/`, 303);
    await this.grants.endOfApp(environment, member.sub, clientId);
    return reply.redirect(`/${environment}/?disconnected=${encodeURIComponent(clientId)}`, 303);
  }

  @Post('sign-out')
  async signOut(
    @Param('environment') environment: Environment,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const member = await this.sessions.find(request, environment);
    await this.sessions.end(request, reply, environment);
    if (!member) return reply.redirect(`/${environment}/signed-out`, 303);
    // The session at auth-server would sign the next person at this browser in without a password.
    const token = await signSignOutRequest(this.keys, this.config.addresses, environment, member.sub);
    const { issuer } = this.config.addresses[environment];
    return reply.redirect(`${issuer}/sign-out?request=${token}`, 303);
  }

  @Get('signed-out')
  signedOut(@Param('environment') environment: Environment, @Res() reply: FastifyReply) {
    return sendPage(reply, renderSignedOutPage(this.config.PLAN_NAME, environment));
  }

  private tryAgain(environment: Environment) {
    return (
      <>
        <a href={`/${environment}/`}>Sign in again</a>.
      </>
    );
  }

  private async leaveForSignIn(environment: Environment, reply: FastifyReply) {
    const { url, leaving } = await this.signIn.leave(environment);
    void reply.setCookie(
      leavingCookie(environment),
      Buffer.from(JSON.stringify(leaving)).toString('base64url'),
      {
        path: `/${environment}/callback`,
        httpOnly: true,
        sameSite: 'lax',
        secure: this.config.CONSENT_URL.startsWith('https:'),
        maxAge: 1800,
      },
    );
    return reply.header('cache-control', 'no-store').redirect(url.href, 303);
  }

  private leaving(request: FastifyRequest, environment: Environment): Leaving | undefined {
    try {
      const text = Buffer.from(request.cookies[leavingCookie(environment)] ?? '', 'base64url').toString();
      return leavingShape.parse(JSON.parse(text));
    } catch {
      return undefined;
    }
  }

  private async byApp(grants: ListedGrant[]): Promise<ConnectedApp[]> {
    const apps = new Map<string, ConnectedApp>();
    for (const grant of grants) {
      let app = apps.get(grant.client_id);
      if (!app) {
        const state = await findApp(this.source, grant.client_id);
        app = {
          client_id: grant.client_id,
          name: state?.client_name ?? grant.client_name,
          organization: state?.organization ?? grant.organization,
          logoUri: state?.logo_uri ?? grant.logo_uri,
          suspended: state?.status === 'suspended',
          grants: [],
        };
        apps.set(grant.client_id, app);
      }
      app.grants.push(grant);
    }
    return [...apps.values()];
  }
}
