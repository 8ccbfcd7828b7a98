import { Body, Controller, Get, Inject, Param, Post, Req, Res } from '@nestjs/common';
import { CONFIG } from '@payer/service';
import { environmentPath, environmentRule, type Environment } from '@payer/smart';
import { languageOf } from '@payer/ui';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Config } from '../config.js';
import { chosenDays, endAfter } from '../consent-screen/durations.js';
import { Grants, isLive, type GrantRow, type GrantsOfApp, type ListedGrant } from '../grants/grants.js';
import { maySee } from '../grants/visible-grants.js';
import { Redemptions } from '../grants/redemptions.js';
import { textsFor } from '../http/languages.js';
import { MemberSessions } from '../http/member-session.js';
import { sendPage, sendProblem } from '../http/pages.js';
import { logoAddress } from '../logos/logos.js';
import { Keys } from '../keys/keys.js';
import { RecordCounts } from '../record-counts/record-counts.js';
import type { ConnectedApp } from './app-card.js';
import { renderConnectedAppsPage, renderSignedOutPage } from './connected-apps-page.js';
import { makeReceipt } from './consent-receipt.js';
import { fhirConsentOf } from './fhir-consent.js';
import { doneNoticeOf } from './done-notice.js';
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
    private readonly grants: Grants,
    private readonly redemptions: Redemptions,
    private readonly sessions: MemberSessions,
    private readonly signIn: SignIn,
    private readonly keys: Keys,
    private readonly counts: RecordCounts,
  ) {}

  @Get()
  async show(
    @Param('environment') environment: Environment,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const member = await this.sessions.find(request, environment);
    if (!member) return this.leaveForSignIn(environment, request, reply);
    const isKnown = await this.redemptions.checkOf(environment, member.sub);
    const grants = await this.grants.ofMember(environment, member);
    const withStatus = (wanted: ListedGrant['status']) => grants.filter(({ status }) => status === wanted);
    return sendPage(
      reply,
      renderConnectedAppsPage({
        texts: textsFor(request, this.config),
        planName: this.config.PLAN_NAME,
        environment,
        memberName: member.name,
        longestDays: this.config.GRANT_LIFETIME_DAYS,
        counts: await this.countsOf(environment, grants),
        apps: byApp(withStatus('active')),
        // While auth-server does not answer, a pending grant may have been redeemed. So its member can revoke
        // it.
        unconfirmed: isKnown ? [] : byApp(withStatus('pending')),
        ended: withStatus('revoked').slice(0, endedShown),
        secondFactorUrl:
          environmentRule(environment).data === 'synthetic'
            ? undefined
            : `${this.config.addresses[environment].issuer}/second-factor`,
        done: doneNoticeOf(request.query as Record<string, unknown>, grants),
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
        request,
        reply,
        this.config,
        environment,
        'error.otherBrowser',
        this.tryAgain(request, environment),
      );
    try {
      const member = await this.signIn.comeBack(environment, query, leaving);
      await this.sessions.begin(reply, member);
    } catch (error) {
      request.log.warn({ reason: (error as Error).message }, 'a sign-in was refused');
      return sendProblem(
        request,
        reply,
        this.config,
        environment,
        'error.noSignIn',
        this.tryAgain(request, environment),
      );
    }
    return reply.redirect(`/${environment}/`, 303);
  }

  /**
   * Revokes the grants of an app. A second press of the button revokes nothing more and shows the same
   * result.
   */
  @Post('disconnect')
  async disconnect(
    @Param('environment') environment: Environment,
    @Body() body: { client_id?: unknown; grant_id?: unknown } | undefined,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const member = await this.sessions.find(request, environment);
    if (!member) return reply.redirect(`/${environment}/`, 303);
    const card = cardOf(body);
    await this.grants.endOfApp(environment, member, card);
    return reply.redirect(`/${environment}/?${queryOf('disconnected', card)}`, 303);
  }

  @Post('disconnect-all')
  async disconnectAll(
    @Param('environment') environment: Environment,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const member = await this.sessions.find(request, environment);
    if (!member) return reply.redirect(`/${environment}/`, 303);
    await this.grants.endAllOf(environment, member);
    return reply.redirect(`/${environment}/?disconnected-all`, 303);
  }

  /** Moves the expiry of an app's grants to an earlier date than the member chose first. */
  @Post('shorten')
  async shorten(
    @Param('environment') environment: Environment,
    @Body() body: { client_id?: unknown; grant_id?: unknown; days?: unknown } | undefined,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const member = await this.sessions.find(request, environment);
    if (!member) return reply.redirect(`/${environment}/`, 303);
    const card = cardOf(body);
    const days = chosenDays(body?.days, this.config.GRANT_LIFETIME_DAYS);
    if (days === undefined) return reply.redirect(`/${environment}/?failed`, 303);
    await this.grants.shortenOfApp(environment, member.sub, card, endAfter(days));
    return reply.redirect(`/${environment}/?${queryOf('shortened', card)}`, 303);
  }

  /** The receipt of a grant, readable and signed (ISO/IEC TS 27560). */
  @Get('receipts/:grant_id')
  async receipt(
    @Param('environment') environment: Environment,
    @Param('grant_id') grantId: string,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const grant = await this.ownGrant(environment, grantId, request, reply);
    if (!grant) return reply;
    const receipt = await makeReceipt(this.keys, this.config, grant, textsFor(request, this.config));
    return sendFile(reply, `consent-receipt-${grant.grant_id}.json`, 'application/json', receipt);
  }

  /** A grant as FHIR Consent. */
  @Get('receipts/:grant_id/fhir')
  async fhirConsent(
    @Param('environment') environment: Environment,
    @Param('grant_id') grantId: string,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const grant = await this.ownGrant(environment, grantId, request, reply);
    if (!grant) return reply;
    const consent = JSON.stringify(fhirConsentOf(this.config, grant));
    return sendFile(reply, `consent-${grant.grant_id}.json`, 'application/fhir+json', consent);
  }

  /** The grant, if the member of this browser may see it. Otherwise sends the sign-in or a page. */
  private async ownGrant(
    environment: Environment,
    grantId: string,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<GrantRow | undefined> {
    const member = await this.sessions.find(request, environment);
    const grant = member && (await this.grants.find(grantId));
    if (!member) await this.leaveForSignIn(environment, request, reply);
    else if (!grant || grant.environment !== environment || !maySee(grant, member))
      await sendProblem(
        request,
        reply,
        this.config,
        environment,
        'error.notFound.text',
        <a href={`/${environment}/`}>{textsFor(request, this.config).t('answered.link')}</a>,
      );
    else return grant;
    return undefined;
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
    // Otherwise the session at auth-server would sign in the next person at this browser without a password.
    const token = await signSignOutRequest(this.keys, this.config.addresses, environment, member.sub);
    const { issuer } = this.config.addresses[environment];
    return reply.redirect(`${issuer}/sign-out?request=${token}`, 303);
  }

  @Get('signed-out')
  signedOut(
    @Param('environment') environment: Environment,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const texts = textsFor(request, this.config);
    return sendPage(reply, renderSignedOutPage(texts, this.config.PLAN_NAME, environment));
  }

  /** The counts of each patient whose records an app can see. */
  private async countsOf(environment: Environment, grants: readonly ListedGrant[]) {
    const patients = [...new Set(grants.filter(isLive).map(({ patient }) => patient))];
    return new Map(
      await Promise.all(
        patients.map(
          async (patient) => [patient, await this.counts.ofPatient(environment, patient)] as const,
        ),
      ),
    );
  }

  private tryAgain(request: FastifyRequest, environment: Environment) {
    return <a href={`/${environment}/`}>{textsFor(request, this.config).t('signedOut.again')}</a>;
  }

  private async leaveForSignIn(environment: Environment, request: FastifyRequest, reply: FastifyReply) {
    const { url, leaving } = await this.signIn.leave(environment, languageOf(request));
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
}

/** Sends a file for the member to keep. */
const sendFile = (reply: FastifyReply, name: string, type: string, content: unknown) =>
  reply
    .header('cache-control', 'no-store')
    .header('content-disposition', `attachment; filename="${name}"`)
    .type(type)
    .send(content);

const textOf = (value: unknown): string => (typeof value === 'string' ? value.replaceAll('\0', '') : '');

/** The grants that a form of a card is about. A form without `grant_id` is about all grants of the app. */
function cardOf(body: { client_id?: unknown; grant_id?: unknown } | undefined): GrantsOfApp {
  const grantId = textOf(body?.grant_id);
  return { clientId: textOf(body?.client_id), ...(grantId ? { grantId } : {}) };
}

/** The query of the page after an action. It names no patient, because addresses end up in logs. */
const queryOf = (action: string, { clientId, grantId }: GrantsOfApp) =>
  new URLSearchParams({ [action]: clientId, ...(grantId ? { of: grantId } : {}) }).toString();

/** The apps of the grants, each once for every patient and every member who gave a grant. */
function byApp(grants: readonly ListedGrant[]): ConnectedApp[] {
  const apps = new Map<string, ConnectedApp>();
  for (const grant of grants) {
    const key = JSON.stringify([grant.client_id, grant.patient, grant.sub]);
    let app = apps.get(key);
    if (!app) {
      const { client_id, client_name: name, organization, is_suspended: isSuspended } = grant;
      const logo = grant.has_logo ? logoAddress(grant.environment, client_id) : undefined;
      app = { client_id, name, organization, logo, isSuspended, grants: [] };
      apps.set(key, app);
    }
    app.grants.push(grant);
  }
  return [...apps.values()];
}
