import { Controller, Get, Inject, Param, Req, Res } from '@nestjs/common';
import { CONFIG } from '@payer/service';
import { environmentPath, type Environment } from '@payer/smart';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Config } from '../config.js';
import { textsFor } from '../http/languages.js';
import { MemberSessions } from '../http/member-session.js';
import { sendPage } from '../http/pages.js';
import { AccessHistory } from './access-history.js';
import { renderAccessHistoryPage } from './access-history-page.js';

/** Days on the page. The download has more. */
const daysShown = 100;
const daysDownloaded = 5000;

/** The member's access history: what each app read on which day. */
@Controller(environmentPath)
export class AccessHistoryController {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly history: AccessHistory,
    private readonly sessions: MemberSessions,
  ) {}

  @Get('history')
  async show(
    @Param('environment') environment: Environment,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const member = await this.sessions.find(request, environment);
    if (!member) return reply.redirect(`/${environment}/`, 303);
    const html = renderAccessHistoryPage({
      texts: textsFor(request, this.config),
      planName: this.config.PLAN_NAME,
      environment,
      memberName: member.name,
      days: await this.history.ofMember(environment, member, daysShown),
    });
    return sendPage(reply, html);
  }

  /** The same days as JSON: kinds of data as keys of `data-kinds.ts`, and the number of records. */
  @Get('history.json')
  async download(
    @Param('environment') environment: Environment,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const member = await this.sessions.find(request, environment);
    if (!member) return reply.redirect(`/${environment}/`, 303);
    const days = await this.history.ofMember(environment, member, daysDownloaded);
    return reply
      .header('cache-control', 'no-store')
      .header('content-disposition', `attachment; filename="access-history-${environment}.json"`)
      .type('application/json')
      .send({ environment, time_zone: 'UTC', days });
  }
}
