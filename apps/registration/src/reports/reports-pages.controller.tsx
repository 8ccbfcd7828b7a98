import { Controller, Get, Inject, Query, Req, Res } from '@nestjs/common';
import { CONFIG, parseQuery } from '@payer/service';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ApiExcludeController } from '../http/api-docs.js';
import type { Config } from '../config.js';
import { PageSession } from '../sessions/page-session.js';
import { sendPortalPage } from '../http/portal-page.js';
import { DecisionsReports } from './decisions-report.js';
import { PatientAccessReports } from './patient-access-report.js';
import { ReportFiles, sendCsvFile } from './report-files.js';
import { yearQuery } from './report-period.js';
import { ReportsPage } from './reports-page.js';
import { usageQuery, UsageReports } from './usage-report.js';

const pageQuery = yearQuery.pick({ year: true }).extend(usageQuery.omit({ format: true }).shape);

/** The reports as a page, and their downloads with the cookie of the page. */
@ApiExcludeController()
@Controller('platform/reports')
export class ReportsPagesController {
  constructor(
    private readonly patientAccess: PatientAccessReports,
    private readonly usage: UsageReports,
    private readonly decisions: DecisionsReports,
    private readonly session: PageSession,
    private readonly files: ReportFiles,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  @Get()
  async show(@Query() query: unknown, @Req() request: FastifyRequest, @Res() reply: FastifyReply) {
    const actor = await this.session.requirePlatformTeam(request, 'report');
    const { year, environment, days } = parseQuery(pageQuery, query);
    const page = (
      <ReportsPage
        planName={this.config.PLAN_NAME}
        actor={actor}
        patientAccess={await this.patientAccess.of(year)}
        usage={await this.usage.of({ environment, days, format: 'json' })}
        decisions={await this.decisions.of(year)}
      />
    );
    return sendPortalPage(reply, page);
  }

  @Get('patient-access.csv')
  async patientAccessCsv(
    @Query() query: unknown,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    await this.session.requirePlatformTeam(request, 'report');
    return sendCsvFile(reply, await this.files.patientAccess(parseQuery(yearQuery, query).year));
  }

  @Get('usage.csv')
  async usageCsv(@Query() query: unknown, @Req() request: FastifyRequest, @Res() reply: FastifyReply) {
    await this.session.requirePlatformTeam(request, 'report');
    return sendCsvFile(reply, await this.files.usage(parseQuery(usageQuery, query)));
  }

  @Get('decisions.csv')
  async decisionsCsv(@Query() query: unknown, @Req() request: FastifyRequest, @Res() reply: FastifyReply) {
    await this.session.requirePlatformTeam(request, 'report');
    return sendCsvFile(reply, await this.files.decisions(parseQuery(yearQuery, query).year));
  }
}
