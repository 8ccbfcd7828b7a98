import { Body, Controller, Headers, HttpCode, Param, Post, UseFilters } from '@nestjs/common';
import { parseBody, ProblemFilter, rowsOf, ServiceIdentity } from '@payer/service';
import { environmentPath, internalRoutes, type Environment } from '@payer/smart';
import { DataSource } from 'typeorm';
import { z } from 'zod';

const redeemedBody = z.object({ grant_ids: z.array(z.string().max(100)).max(1000) });

/** Answers consent which of its decisions have reached this service. */
@Controller(`${environmentPath}/internal/grants/redeemed`)
@UseFilters(ProblemFilter)
export class RedeemedController {
  constructor(
    private readonly identity: ServiceIdentity,
    private readonly source: DataSource,
  ) {}

  /** Returns the given grants whose decision was accepted here and that are not revoked here. */
  @Post()
  @HttpCode(200)
  async show(
    @Param('environment') environment: Environment,
    @Body() body: unknown,
    @Headers('authorization') authorization: string | undefined,
  ) {
    await this.identity.refuseStrangers(authorization, internalRoutes['auth-server']['redeemed grants']);
    const rows = await rowsOf<{ grant_id: string }>(
      this.source,
      `SELECT grant_id FROM oidc_artifact
       WHERE environment = $1 AND model = 'Grant' AND grant_id = ANY($2)`,
      [environment, parseBody(redeemedBody, body).grant_ids],
    );
    return { redeemed: rows.map(({ grant_id }) => grant_id) };
  }
}
