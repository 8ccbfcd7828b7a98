import { Controller, Get, Inject, Query, Req, Res } from '@nestjs/common';
import { CONFIG, parseQuery } from '@payer/service';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ApiExcludeController } from '../http/api-docs.js';
import type { Config } from '../config.js';
import { PageSession } from '../sessions/page-session.js';
import { formErrors, sendPortalPage, statusOf } from '../http/portal-page.js';
import { AuditNames } from './audit-names.js';
import { AuditPage } from './audit-page.js';
import { auditQuery } from './audit-query.js';
import { AuditTrail } from './audit-trail.js';
import { givenFields } from './given-fields.js';

/** The audit trail as a page for the platform team. */
@ApiExcludeController()
@Controller('platform/audit')
export class AuditPageController {
  constructor(
    private readonly trail: AuditTrail,
    private readonly names: AuditNames,
    private readonly session: PageSession,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  @Get()
  async show(
    @Query() query: Record<string, string | undefined>,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const actor = await this.session.requirePlatformTeam(request, 'audit');
    const given = givenFields(query);
    const { cursor: _cursor, ...fields } = given;
    const shell = { planName: this.config.PLAN_NAME, actor, fields };
    try {
      const { entries, next } = await this.trail.find(parseQuery(auditQuery, given));
      const older =
        next === null ? undefined : `/platform/audit?${new URLSearchParams({ ...fields, cursor: next })}`;
      const acts = await this.names.actsOf(entries);
      return sendPortalPage(reply, <AuditPage {...shell} {...{ entries, acts }} next={older} />);
    } catch (error) {
      const errors = formErrors(error);
      return sendPortalPage(
        reply,
        <AuditPage {...shell} entries={[]} acts={[]} errors={errors} />,
        statusOf(error),
      );
    }
  }
}
