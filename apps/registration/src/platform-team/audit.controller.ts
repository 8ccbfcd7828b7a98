import { Controller, Get, Query, UseGuards } from '@nestjs/common';
import { ApiQuery, ApiTags } from '@nestjs/swagger';
import { DataSource } from 'typeorm';
import { parseBody } from '@payer/service';
import { z } from 'zod';
import { BearerGuard } from '../developers/bearer.guard.js';
import { ApiCall } from '../http/api-docs.js';
import { auditActions, readAudit } from './audit.js';
import { PlatformTeamGuard } from './platform-team.guard.js';

const auditQuery = z.object({
  client_id: z.string().optional(),
  limit: z.coerce.number('must be a number').int().min(1).max(1000).default(100),
});

const auditEntry = z.object({
  at: z.iso.datetime(),
  actor: z.string(),
  action: z.enum(auditActions),
  client_id: z.string().nullable(),
  detail: z.record(z.string(), z.unknown()),
});

@ApiTags('platform team')
@Controller('api/audit')
@UseGuards(BearerGuard, PlatformTeamGuard)
export class AuditController {
  constructor(private readonly source: DataSource) {}

  @Get()
  @ApiQuery({ name: 'client_id', required: false })
  @ApiQuery({ name: 'limit', required: false, schema: { type: 'integer', maximum: 1000, default: 100 } })
  @ApiCall({
    summary: 'Platform team: who did what, the newest first',
    answer: z.array(auditEntry),
    errors: [400, 403],
  })
  read(@Query() query: unknown) {
    const { client_id, limit } = parseBody(auditQuery, query);
    return readAudit(this.source, client_id, limit);
  }
}
