import { Controller, Get, Query, UseGuards } from '@nestjs/common';
import { parseQuery } from '@payer/service';
import { allAuditActions, auditEntry, environments } from '@payer/smart';
import { z } from 'zod';
import { BearerGuard } from '../sessions/bearer.guard.js';
import { NeedsDuty } from '../sessions/duties.js';
import { ApiCall, ApiQuery, ApiTags } from '../http/api-docs.js';
import { PlatformTeamGuard } from '../sessions/platform-team.guard.js';
import { auditQuery } from './audit-query.js';
import { AuditTrail, type AuditPage } from './audit-trail.js';

@ApiTags('platform team')
@Controller('api/audit')
@UseGuards(BearerGuard, PlatformTeamGuard)
@NeedsDuty('audit')
export class AuditController {
  constructor(private readonly trail: AuditTrail) {}

  @Get()
  @ApiQuery({ name: 'member', required: false, description: 'Member number, sub or patient id' })
  @ApiQuery({ name: 'patient', required: false, description: 'Patient id: whose data was read' })
  @ApiQuery({ name: 'sub', required: false, description: 'The member who signed in' })
  @ApiQuery({ name: 'app', required: false, description: 'client_id or name' })
  @ApiQuery({ name: 'client_id', required: false })
  @ApiQuery({ name: 'grant_id', required: false })
  @ApiQuery({
    name: 'actor',
    required: false,
    description: 'sub, email or client_id: who did it, or the member concerned',
  })
  @ApiQuery({
    name: 'type',
    required: false,
    enum: allAuditActions,
    description: 'data-access needs environment',
  })
  @ApiQuery({ name: 'environment', required: false, enum: environments })
  @ApiQuery({ name: 'since', required: false, description: 'From this instant, day or month on (UTC)' })
  @ApiQuery({
    name: 'until',
    required: false,
    description: 'Before this instant; a day or month is included',
  })
  @ApiQuery({ name: 'limit', required: false, schema: { type: 'integer', maximum: 1000, default: 100 } })
  @ApiQuery({ name: 'cursor', required: false, description: 'next of the page before' })
  @ApiCall({
    summary: 'Platform team: who did what, the newest first',
    answer: z.object({ entries: z.array(auditEntry), next: z.string().nullable() }),
    errors: [400, 403, 404],
  })
  read(@Query() query: unknown): Promise<AuditPage> {
    return this.trail.find(parseQuery(auditQuery, query));
  }
}
