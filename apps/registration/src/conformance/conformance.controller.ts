import { setTimeout } from 'node:timers/promises';
import { Controller, Get, HttpCode, Post, Req, Res, UseGuards } from '@nestjs/common';
import { TooManyRequests } from '@payer/service';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { ApiCall, ApiExcludeEndpoint, ApiTags } from '../http/api-docs.js';
import { BearerGuard } from '../sessions/bearer.guard.js';
import { PageSession } from '../sessions/page-session.js';
import { conformanceRun } from './conformance-run.js';
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
  /** When the run that is under way began. */
  running_since: z.iso.datetime().nullable(),
});

const startedRun = z.object({ started_at: z.iso.datetime() });

/** Milliseconds that the page waits for the end of a run, so that a person sees the results at once. */
const patience = 4000;

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
      running_since: (await this.runs.runningSince()) ?? null,
    };
  }

  @Post('api/conformance/runs')
  @HttpCode(202)
  @UseGuards(BearerGuard)
  @ApiCall({
    summary: 'Starts the live checks against this deployment, at most once a minute',
    status: 202,
    answer: startedRun,
    errors: [429],
  })
  async run(@Res({ passthrough: true }) reply: FastifyReply): Promise<z.infer<typeof startedRun>> {
    const { started_at } = await this.start(reply);
    return { started_at };
  }

  @Post('docs/conformance/runs')
  @ApiExcludeEndpoint()
  async runFromPage(@Req() request: FastifyRequest, @Res() reply: FastifyReply) {
    await this.session.require(request);
    const { ended } = await this.start(reply);
    await Promise.race([ended, setTimeout(patience, undefined, { ref: false })]);
    return reply.redirect(page, 303);
  }

  @Get('docs/conformance/runs')
  @ApiExcludeEndpoint()
  backToPage(@Res() reply: FastifyReply) {
    return reply.redirect(page, 303);
  }

  private async start(reply: FastifyReply) {
    try {
      return await this.runs.start();
    } catch (error) {
      if (error instanceof TooManyRequests) void reply.headers(error.verdict.headers);
      throw error;
    }
  }
}
