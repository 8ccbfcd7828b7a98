import { Controller, Get, Query, Res, UseGuards } from '@nestjs/common';
import { parseQuery } from '@payer/service';
import { environments } from '@payer/smart';
import type { FastifyReply } from 'fastify';
import { BearerGuard } from '../sessions/bearer.guard.js';
import { NeedsDuty } from '../sessions/duties.js';
import { ApiCall, ApiQuery, ApiTags } from '../http/api-docs.js';
import { PlatformTeamGuard } from '../sessions/platform-team.guard.js';
import { decisionsReport, DecisionsReports } from './decisions-report.js';
import { patientAccessReport, PatientAccessReports } from './patient-access-report.js';
import { ReportFiles, sendCsvFile } from './report-files.js';
import { yearQuery } from './report-period.js';
import { usageQuery, usageReport, UsageReports } from './usage-report.js';

const calendarYear = {
  name: 'year',
  required: false,
  description: 'Calendar year (UTC); the previous one by default',
};
const csvFormat = { name: 'format', required: false, enum: ['json', 'csv'] };

/** The reports of the platform team, as JSON and as CSV. */
@ApiTags('reports')
@Controller('api/reports')
@UseGuards(BearerGuard, PlatformTeamGuard)
@NeedsDuty('report')
export class ReportsController {
  constructor(
    private readonly patientAccess: PatientAccessReports,
    private readonly usage: UsageReports,
    private readonly decisions: DecisionsReports,
    private readonly files: ReportFiles,
  ) {}

  @Get('patient-access')
  @ApiQuery(calendarYear)
  @ApiQuery(csvFormat)
  @ApiCall({
    summary: 'Platform team: the yearly figures of 42 CFR 422.119(h), production only',
    answer: patientAccessReport,
    errors: [400, 403],
  })
  async patientAccessFigures(@Query() query: unknown, @Res() reply: FastifyReply) {
    const { year, format } = parseQuery(yearQuery, query);
    if (format === 'csv') return sendCsvFile(reply, await this.files.patientAccess(year));
    return reply.send(await this.patientAccess.of(year));
  }

  @Get('usage')
  @ApiQuery({ name: 'environment', required: false, enum: environments })
  @ApiQuery({ name: 'days', required: false, description: 'Days until today, at most 30' })
  @ApiQuery(csvFormat)
  @ApiCall({
    summary: 'Platform team: requests, error rate and 95th percentile by API and app',
    answer: usageReport,
    errors: [400, 403],
  })
  async usageFigures(@Query() query: unknown, @Res() reply: FastifyReply) {
    const asked = parseQuery(usageQuery, query);
    if (asked.format === 'csv') return sendCsvFile(reply, await this.files.usage(asked));
    return reply.send(await this.usage.of(asked));
  }

  @Get('decisions')
  @ApiQuery(calendarYear)
  @ApiQuery(csvFormat)
  @ApiCall({
    summary: 'Platform team: the decisions of a year with times and reasons',
    answer: decisionsReport,
    errors: [400, 403],
  })
  async decisionList(@Query() query: unknown, @Res() reply: FastifyReply) {
    const { year, format } = parseQuery(yearQuery, query);
    if (format === 'csv') return sendCsvFile(reply, await this.files.decisions(year));
    return reply.send(await this.decisions.of(year));
  }
}
