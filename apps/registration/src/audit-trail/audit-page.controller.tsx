import { Controller, Get, Inject, Query, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { parseBody, Problem } from '@payer/service';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { CONFIG, type RegistrationConfig } from '../config.js';
import { PageSession } from '../developers/page-session.js';
import { formErrors, sendPortalPage } from '../http/portal-page.js';
import { AuditPage, type AuditFields } from './audit-page.js';
import { auditQuery } from './audit-query.js';
import { AuditTrail } from './audit-trail.js';

/** The audit trail as a page for the platform team. */
@ApiExcludeController()
@Controller('platform/audit')
export class AuditPageController {
  constructor(
    private readonly trail: AuditTrail,
    private readonly session: PageSession,
    @Inject(CONFIG) private readonly config: RegistrationConfig,
  ) {}

  @Get()
  async show(
    @Query() query: Record<string, string | undefined>,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const actor = await this.session.require(request);
    if (actor.role !== 'platform')
      throw new Problem(403, 'platform_team_only', 'Only the platform team of the health plan may do this.');
    // A form sends its empty fields, too.
    const given = Object.fromEntries(Object.entries(query).filter(([, value]) => value !== ''));
    const { cursor: _cursor, ...fields } = given;
    const shell = { planName: this.config.PLAN_NAME, actor, fields: fields as AuditFields };
    try {
      const { entries, next } = await this.trail.find(parseBody(auditQuery, given));
      const older =
        next === null
          ? undefined
          : `/platform/audit?${new URLSearchParams({ ...(fields as Record<string, string>), cursor: next })}`;
      return sendPortalPage(reply, <AuditPage {...shell} entries={entries} next={older} />);
    } catch (error) {
      const errors = formErrors(error);
      const status = error instanceof Problem ? error.getStatus() : 400;
      return sendPortalPage(reply, <AuditPage {...shell} entries={[]} errors={errors} />, status);
    }
  }
}
