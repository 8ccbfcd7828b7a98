import { Body, Controller, Get, Inject, Param, Post, Req, Res } from '@nestjs/common';
import { wakeRelays } from '@payer/events';
import { CONFIG, recordAndTellAudit, rowsOf } from '@payer/service';
import { environmentPath, type ConsentRequest, type Environment } from '@payer/smart';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { decodeJwt } from 'jose';
import { DataSource } from 'typeorm';
import type { Config } from '../config.js';
import { Grants, subjectOf } from '../grants/grants.js';
import { confirmBy } from '../grants/redemptions.js';
import { MemberSessions } from '../http/member-session.js';
import { sendExpiredRequest, sendPage } from '../http/pages.js';
import { countDecision } from '../metrics/grant-metrics.js';
import { Keys } from '../keys/keys.js';
import { renderAnsweredPage } from './answered-page.js';
import { renderConsentPage } from './consent-page.js';
import { durations } from './durations.js';
import { signDecision } from './sign-decision.js';

interface Pending {
  id: string;
  environment: Environment;
  sub: string;
  request: ConsentRequest;
  decision: string | null;
}

/** Asks the member, and sends the answer back to auth-server. */
@Controller(`${environmentPath}/consent`)
export class ConsentController {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly source: DataSource,
    private readonly grants: Grants,
    private readonly sessions: MemberSessions,
    private readonly keys: Keys,
  ) {}

  @Get(':id')
  async ask(
    @Param('environment') environment: Environment,
    @Param('id') id: string,
    @Req() http: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const pending = await this.pending(http, environment, id);
    if (!pending) return sendExpiredRequest(reply, this.config.PLAN_NAME, environment);
    if (pending.decision) return this.answered(reply, pending, pending.decision);
    return sendPage(
      reply,
      renderConsentPage({
        planName: this.config.PLAN_NAME,
        request: pending.request,
        action: `/${environment}/consent/${id}`,
        managementUrl: this.config.addresses[environment].managementUrl,
        longestDays: this.config.GRANT_LIFETIME_DAYS,
      }),
    );
  }

  @Post(':id')
  async decide(
    @Param('environment') environment: Environment,
    @Param('id') id: string,
    @Body() body: { decision?: unknown; days?: unknown } | undefined,
    @Req() http: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const pending = await this.pending(http, environment, id);
    if (!pending) return sendExpiredRequest(reply, this.config.PLAN_NAME, environment);
    const allow = body?.decision === 'allow';
    if (!allow && body?.decision !== 'deny') return reply.redirect(`/${environment}/consent/${id}`, 303);
    const { location, isFirst } = await this.answerOnce(pending, allow, this.days(body?.days));
    if (isFirst) countDecision(environment, allow ? 'allow' : 'deny');
    wakeRelays();
    return reply.redirect(location, 303);
  }

  /** Commits the answer; who presses the button twice gets the first answer again. */
  private async answerOnce(
    pending: Pending,
    allow: boolean,
    days: number,
  ): Promise<{ location: string; isFirst: boolean }> {
    return this.source.transaction(async (manager) => {
      const [locked] = await rowsOf<{ decision: string | null }>(
        manager,
        'SELECT decision FROM pending_consent WHERE id = $1 FOR UPDATE',
        [pending.id],
      );
      if (locked?.decision) return { location: locked.decision, isFirst: false };
      const { request } = pending;
      const expiresAt = new Date(Date.now() + days * 86_400_000);
      const grant = allow ? await this.grants.create(manager, request, expiresAt, confirmBy()) : undefined;
      if (!grant)
        await recordAndTellAudit(manager, 'consent', [
          { action: 'grant-denied', actor_role: 'member', actor: request.sub, ...subjectOf(request) },
        ]);
      const decision = await signDecision(this.keys, this.config.addresses, request, grant);
      const location = `${request.return_to}?decision=${decision}`;
      await manager.query('UPDATE pending_consent SET decision = $2 WHERE id = $1', [pending.id, location]);
      return { location, isFirst: true };
    });
  }

  private days(asked: unknown): number {
    const choices = durations(this.config.GRANT_LIFETIME_DAYS);
    return (choices.find(({ value }) => value === asked) ?? choices.at(-1))?.days ?? 1;
  }

  private async pending(
    http: FastifyRequest,
    environment: Environment,
    id: string,
  ): Promise<Pending | undefined> {
    const member = await this.sessions.find(http, environment);
    if (!member) return undefined;
    const [row] = await rowsOf<Pending>(
      this.source,
      `SELECT id, environment, sub, request, decision FROM pending_consent
       WHERE id = $1 AND environment = $2 AND sub = $3 AND expires_at > now()`,
      [id, environment, member.sub],
    );
    return row;
  }

  /** The back button leads here. What was decided stands, and may be that everything is shared. */
  private answered(reply: FastifyReply, pending: Pending, location: string) {
    const token = new URL(location).searchParams.get('decision') ?? '';
    const isAllowed = decodeJwt(token).decision === 'allow';
    const { environment, request } = pending;
    const html = renderAnsweredPage({
      planName: this.config.PLAN_NAME,
      environment,
      appName: request.client_name,
      isAllowed,
      managementUrl: this.config.addresses[environment].managementUrl,
    });
    return sendPage(reply, html, 400);
  }
}
