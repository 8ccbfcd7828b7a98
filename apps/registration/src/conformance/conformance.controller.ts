import { Controller, Get, HttpCode, Post, Req, Res, UseGuards } from '@nestjs/common';
import { ApiExcludeEndpoint, ApiTags } from '@nestjs/swagger';
import { TooManyRequests } from '@payer/service';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { ApiCall } from '../http/api-docs.js';
import { BearerGuard } from '../sessions/bearer.guard.js';
import { PageSession } from '../sessions/page-session.js';
import { conformanceRun, type ConformanceRun } from './conformance-run.js';
import { ConformanceRuns } from './conformance-runs.js';
import { standards } from './standards/index.js';
import { isApplicable } from './standards/requirement.js';

const page = '/docs/conformance';

const conformance = z.object({
  standards: z.array(
    z.object({
      standard: z.string(),
      version: z.string(),
      requirements: z.int(),
      not_applicable: z.int(),
    }),
  ),
  /** The latest run of the live checks. Null before the first run. */
  latest_run: conformanceRun.nullable(),
});

/** Runs of the live checks: the button of the documentation, and the JSON API. */
@ApiTags('conformance')
@Controller()
export class ConformanceController {
  constructor(
    private readonly runs: ConformanceRuns,
    private readonly session: PageSession,
  ) {}

  @Get('api/conformance')
  @ApiCall({
    summary: 'Standards with the number of their requirements, and the latest run of the live checks',
    answer: conformance,
    open: true,
  })
  async show(): Promise<z.infer<typeof conformance>> {
    return {
      standards: standards.map(({ title, version, requirements }) => ({
        standard: title,
        version,
        requirements: requirements.length,
        not_applicable: requirements.filter((one) => !isApplicable(one)).length,
      })),
      latest_run: (await this.runs.latest()) ?? null,
    };
  }

  @Post('api/conformance/runs')
  @HttpCode(201)
  @UseGuards(BearerGuard)
  @ApiCall({
    summary: 'Runs the live checks against this deployment, at most once a minute',
    status: 201,
    answer: conformanceRun,
    errors: [429],
  })
  run(@Res({ passthrough: true }) reply: FastifyReply): Promise<ConformanceRun> {
    return this.begin(reply);
  }

  @Post('docs/conformance/runs')
  @ApiExcludeEndpoint()
  async runFromPage(@Req() request: FastifyRequest, @Res() reply: FastifyReply) {
    await this.session.require(request);
    await this.begin(reply);
    return reply.redirect(page, 303);
  }

  @Get('docs/conformance/runs')
  @ApiExcludeEndpoint()
  backToPage(@Res() reply: FastifyReply) {
    return reply.redirect(page, 303);
  }

  private async begin(reply: FastifyReply): Promise<ConformanceRun> {
    try {
      return await this.runs.run();
    } catch (error) {
      if (error instanceof TooManyRequests) void reply.headers(error.verdict.headers);
      throw error;
    }
  }
}
