import { Body, Controller, HttpCode, Inject, Post, Req, Res, UseGuards } from '@nestjs/common';
import { CONFIG, parseBody } from '@payer/service';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Config } from '../config.js';
import { CurrentActor, type Actor } from '../sessions/actor.js';
import { BearerGuard } from '../sessions/bearer.guard.js';
import { PageSession } from '../sessions/page-session.js';
import { NeedsDuty } from '../sessions/duties.js';
import { ApiCall, ApiExcludeEndpoint, ApiProduces, ApiTags } from '../http/api-docs.js';
import { formErrors, sendPortalPage, statusOf } from '../http/portal-page.js';
import { PlatformTeamGuard } from '../sessions/platform-team.guard.js';
import { AuditExport, exportBody, refuseBoundless, type ExportRequest } from './audit-export.js';
import { AuditPage } from './audit-page.js';
import { givenFields } from './given-fields.js';

const types = { ndjson: 'application/x-ndjson; charset=utf-8', csv: 'text/csv; charset=utf-8' };

/** Exports the audit trail as a file for a legal request, by API and by the page's form. */
@ApiTags('platform team')
@Controller()
export class AuditExportController {
  constructor(
    private readonly exports: AuditExport,
    private readonly session: PageSession,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  @Post('api/audit/export')
  @HttpCode(200)
  @UseGuards(BearerGuard, PlatformTeamGuard)
  @NeedsDuty('audit')
  @ApiProduces('application/x-ndjson', 'text/csv')
  @ApiCall({
    summary: 'Platform team: export entries, the oldest first; the last line is the manifest',
    body: exportBody,
    errors: [400, 403, 404],
  })
  async export(@CurrentActor() actor: Actor, @Body() body: unknown, @Res() reply: FastifyReply) {
    return this.send(actor, parseBody(exportBody, body), reply);
  }

  @Post('platform/audit/export')
  @ApiExcludeEndpoint()
  async exportFromPage(
    @Body() body: Record<string, string> | undefined,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const actor = await this.session.requirePlatformTeam(request, 'audit');
    const fields = givenFields(body ?? {});
    try {
      return await this.send(actor, parseBody(exportBody, fields), reply);
    } catch (error) {
      const shell = { planName: this.config.PLAN_NAME, actor, fields };
      const page = { ...shell, entries: [], acts: [], errors: formErrors(error) };
      return sendPortalPage(reply, AuditPage(page), statusOf(error));
    }
  }

  private async send(actor: Actor, request: ExportRequest, reply: FastifyReply) {
    refuseBoundless(request);
    const { id, body } = await this.exports.start(actor, request);
    return reply
      .type(types[request.format])
      .header('cache-control', 'no-store')
      .header('content-disposition', `attachment; filename="audit-${id}.${request.format}"`)
      .send(body);
  }
}
