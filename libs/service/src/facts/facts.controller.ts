import { Controller, Get, Header, Headers, Query, UseFilters } from '@nestjs/common';
import { readFacts, type FactSource, type SnapshotSource } from '@payer/events';
import { factsQuery, internalRoutes, type FactOwner, type FactsAnswer } from '@payer/smart';
import { parseBody, Problem, ProblemFilter } from '../http/problem.js';
import type { ServiceIdentity } from '../security/service-identity.js';

/** The source of an owner's feed. */
export class ServedFacts {
  constructor(
    readonly db: SnapshotSource,
    readonly source: FactSource<FactOwner, never>,
    /** The service that owns the facts. */
    readonly owner: FactOwner,
    readonly identity: ServiceIdentity,
  ) {}
}

/** Serves the feed of this service's facts to the services that depend on them (decision 20). */
@Controller('internal/facts')
@UseFilters(ProblemFilter)
export class FactsController {
  constructor(private readonly served: ServedFacts) {}

  /**
   * @throws Problem 401 and 403 for callers without the right, 503 while the database is unavailable: an
   *   empty answer would be false
   */
  @Get()
  @Header('cache-control', 'no-store')
  async read(
    @Query() query: unknown,
    @Headers('authorization') authorization: string | undefined,
  ): Promise<FactsAnswer> {
    const { owner, identity } = this.served;
    await identity.refuseStrangers(authorization, internalRoutes[owner].facts);
    const asked = parseBody(factsQuery, query);
    return readFacts(this.served.db, this.served.source, asked).catch(() => {
      throw new Problem(503, 'unavailable', 'The facts cannot be read now. Ask again.');
    });
  }
}
