import { Controller, Get, Inject, Param, Query, Req, Res } from '@nestjs/common';
import { CONFIG, useMessageOnce } from '@payer/service';
import { environmentPath, consentRequestLifetime, type ConsentRequest, type Environment } from '@payer/smart';
import { isLanguage } from '@payer/ui';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { randomUUID } from 'node:crypto';
import { DataSource } from 'typeorm';
import type { Config } from '../config.js';
import { BrowserSecret } from '../http/browser-secret.js';
import { MemberSessions } from '../http/member-session.js';
import { keepLanguage } from '../http/languages.js';
import { sendExpiredRequest } from '../http/pages.js';
import { countDecision } from '../metrics/grant-metrics.js';
import { Decisions } from './decisions.js';
import { RequestVerifier } from './verify-request.js';

/**
 * Receives consent requests from the browser in which the member signed in. The browser comes twice. At
 * `begin` it gets a secret, and its hash goes to auth-server. Then it brings the consent request that
 * contains this hash. A request that a standing grant answers goes straight back to auth-server.
 */
@Controller(`${environmentPath}/consent`)
export class ReceiveController {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly verifier: RequestVerifier,
    private readonly source: DataSource,
    private readonly sessions: MemberSessions,
    private readonly browsers: BrowserSecret,
    private readonly decisions: Decisions,
  ) {}

  @Get('begin')
  begin(
    @Param('environment') environment: Environment,
    @Query('interaction') interaction: unknown,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    if (typeof interaction !== 'string' || !/^[\w-]{1,64}$/.test(interaction))
      return sendExpiredRequest(request, reply, this.config, environment);
    const { issuer } = this.config.addresses[environment];
    const browser = this.browsers.begin(request, reply);
    return reply
      .header('cache-control', 'no-store')
      .redirect(`${issuer}/interaction/${interaction}/consent?browser=${browser}`, 303);
  }

  /** Accepts a consent request once, in its own browser. The URL of its page can be reloaded afterwards. */
  @Get()
  async receive(
    @Param('environment') environment: Environment,
    @Query('request') token: unknown,
    @Req() http: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const request = await this.requestOf(token, environment, http);
    const stored = request && (await this.store(request, environment));
    if (!stored) return sendExpiredRequest(http, reply, this.config, environment);
    this.sessions.give(reply, environment, stored.session);
    // The member may have chosen a language at the sign-in, which has another origin.
    if (isLanguage(request.language)) keepLanguage(reply, request.language, this.config);
    if (stored.decision) countDecision(environment, 'remembered');
    const next = stored.decision ?? `/${environment}/consent/${stored.id}`;
    return reply.header('cache-control', 'no-store').redirect(next, 303);
  }

  /** The request, if auth-server issued it for this browser. Another browser does not use it up. */
  private async requestOf(
    token: unknown,
    environment: Environment,
    http: FastifyRequest,
  ): Promise<ConsentRequest | undefined> {
    try {
      const request = await this.verifier.verify(typeof token === 'string' ? token : '', environment);
      if (!this.browsers.matches(http, request.browser)) throw new Error('it belongs to another browser');
      return request;
    } catch (error) {
      http.log.warn({ reason: (error as Error).message }, 'a consent request was refused');
      return undefined;
    }
  }

  /**
   * Stores a request, and decides it at once if a standing grant answers it. Begins the member's session.
   * @returns the id of its page and the token of the session, or undefined when the request was used before
   */
  private async store(
    request: ConsentRequest,
    environment: Environment,
  ): Promise<{ id: string; decision: string | undefined; session: string } | undefined> {
    const id = randomUUID();
    const { sub, member_name: name, representation } = request;
    // The session belongs to the person who signed in, also when the request is about another patient.
    const patient = representation ? (representation.own_patient ?? null) : request.patient;
    return this.source.transaction(async (manager) => {
      if (!(await useMessageOnce(manager, request.jti, request.exp))) return undefined;
      const decision = await this.decisions.continueGrant(manager, request);
      await manager.query(
        `INSERT INTO pending_consent (id, environment, sub, request, decision, expires_at)
         VALUES ($1, $2, $3, $4, $5, now() + make_interval(secs => $6))`,
        [id, environment, request.sub, JSON.stringify(request), decision ?? null, consentRequestLifetime],
      );
      const session = await this.sessions.create({ environment, sub, patient, name }, manager);
      return { id, decision, session };
    });
  }
}
