import { Body, Controller, Get, Inject, Param, Post, Req, Res } from '@nestjs/common';
import { CONFIG, findApp, readRows, rowsOf } from '@payer/service';
import {
  asReviewed,
  environmentPath,
  type ConsentRequest,
  type Environment,
  type SensitiveKind,
} from '@payer/smart';
import type { TextKey } from '@payer/ui';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { decodeJwt } from 'jose';
import { DataSource } from 'typeorm';
import type { Config } from '../config.js';
import { Grants } from '../grants/grants.js';
import { textsFor } from '../http/languages.js';
import { MemberSessions } from '../http/member-session.js';
import { sendExpiredRequest, sendPage } from '../http/pages.js';
import { countDecision } from '../metrics/grant-metrics.js';
import { Logos } from '../logos/logos.js';
import { RecordCounts } from '../record-counts/record-counts.js';
import { renderAnsweredPage } from './answered-page.js';
import { renderConsentPage } from './consent-page.js';
import { Decisions } from './decisions.js';
import { chosenDays, endAfter } from './durations.js';
import { chosenSensitive } from './sensitive-choice.js';

interface Pending {
  id: string;
  environment: Environment;
  sub: string;
  request: ConsentRequest;
  decision: string | null;
}

/** Asks the member for a decision, and sends the consent decision to auth-server. */
@Controller(`${environmentPath}/consent`)
export class ConsentController {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly source: DataSource,
    private readonly grants: Grants,
    private readonly sessions: MemberSessions,
    private readonly decisions: Decisions,
    private readonly counts: RecordCounts,
    private readonly logos: Logos,
  ) {}

  @Get(':id')
  async ask(
    @Param('environment') environment: Environment,
    @Param('id') id: string,
    @Req() http: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const pending = await this.pending(http, environment, id);
    if (!pending) return sendExpiredRequest(http, reply, this.config, environment);
    if (pending.decision) return this.answered(http, reply, pending, pending.decision);
    return this.question(http, reply, pending);
  }

  @Post(':id')
  async decide(
    @Param('environment') environment: Environment,
    @Param('id') id: string,
    @Body() body: { decision?: unknown; days?: unknown; sensitive?: unknown } | undefined,
    @Req() http: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const pending = await this.pending(http, environment, id);
    if (!pending) return sendExpiredRequest(http, reply, this.config, environment);
    const allow = body?.decision === 'allow';
    const sensitive = chosenSensitive(body?.sensitive);
    const days = chosenDays(body?.days, this.config.GRANT_LIFETIME_DAYS);
    const askAgain = (problem: TextKey) => this.question(http, reply, pending, { problem, sensitive });
    if (!allow && body?.decision !== 'deny') return askAgain('consent.decision.error');
    if (allow && !sensitive) return askAgain('sensitive.error');
    if (allow && days === undefined) return askAgain('consent.days.error');
    const choice = allow && days && sensitive ? { days, sensitive } : undefined;
    const { location, isFirst } = await this.answerOnce(pending, choice);
    if (isFirst) countDecision(environment, allow ? 'allow' : 'deny');
    return reply.redirect(location, 303);
  }

  private async question(
    http: FastifyRequest,
    reply: FastifyReply,
    { id, environment, request }: Pending,
    again: { problem?: TextKey; sensitive?: SensitiveKind[] } = {},
  ) {
    const [logo, app, counts] = await Promise.all([
      this.logos.addressOf(environment, request.client_id),
      findApp(this.source, request.client_id),
      this.counts.ofPatient(environment, request.patient),
    ]);
    const html = renderConsentPage({
      texts: textsFor(http, this.config),
      planName: this.config.PLAN_NAME,
      request,
      logo,
      action: `/${environment}/consent/${id}`,
      managementUrl: this.config.addresses[environment].managementUrl,
      longestDays: this.config.GRANT_LIFETIME_DAYS,
      isAttested: app?.attested === true,
      counts,
      problem: again.problem,
      sensitive: again.sensitive ?? [],
    });
    return sendPage(reply, html, again.problem ? 400 : 200);
  }

  /**
   * Commits the decision. A member who presses the button twice gets the first decision again.
   * @param choice of a yes; undefined for a "no"
   */
  private async answerOnce(
    pending: Pending,
    choice: { days: number; sensitive: SensitiveKind[] } | undefined,
  ): Promise<{ location: string; isFirst: boolean }> {
    return this.source.transaction(async (manager) => {
      const [locked] = await rowsOf<{ decision: string | null }>(
        manager,
        'SELECT decision FROM pending_consent WHERE id = $1 FOR UPDATE',
        [pending.id],
      );
      if (locked?.decision) return { location: locked.decision, isFirst: false };
      const { request } = pending;
      const location =
        choice === undefined
          ? await this.decisions.deny(manager, request)
          : await this.decisions.allow(manager, request, { ...choice, expiresAt: endAfter(choice.days) });
      await manager.query('UPDATE pending_consent SET decision = $2 WHERE id = $1', [pending.id, location]);
      return { location, isFirst: true };
    });
  }

  private async pending(
    http: FastifyRequest,
    environment: Environment,
    id: string,
  ): Promise<Pending | undefined> {
    const [member, [row]] = await Promise.all([
      this.sessions.find(http, environment),
      readRows<Pending>(
        this.source,
        'pending-consent',
        `SELECT id, environment, sub, request, decision FROM pending_consent
         WHERE id = $1 AND environment = $2 AND expires_at > now()
           AND (decision IS NOT NULL OR request#>>'{representation,ends_at}' IS NULL
             OR to_timestamp((request#>>'{representation,ends_at}')::bigint) > now())`,
        [id, environment],
      ),
    ]);
    return member && row?.sub === member.sub ? row : undefined;
  }

  /**
   * Reached by the back button after a decision. The decision stands, and the app may already have access.
   */
  private async answered(http: FastifyRequest, reply: FastifyReply, pending: Pending, location: string) {
    const { grant_id } = decodeJwt(new URL(location).searchParams.get('decision') ?? '');
    const { environment, request } = pending;
    const app = await findApp(this.source, request.client_id);
    const html = renderAnsweredPage({
      texts: textsFor(http, this.config),
      planName: this.config.PLAN_NAME,
      environment,
      patientName: request.representation?.patient_name,
      appName: app ? asReviewed(app, environment).client_name : request.client_name,
      isSuspended: app?.status === 'suspended',
      grant: typeof grant_id === 'string' ? await this.grants.find(grant_id) : undefined,
      managementUrl: this.config.addresses[environment].managementUrl,
    });
    return sendPage(reply, html);
  }
}
