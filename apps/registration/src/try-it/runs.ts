import { randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, Problem, randomToken, rowsOf, Sealer, sha256, type Queryable } from '@payer/service';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { DataSource } from 'typeorm';
import { z } from 'zod';
import type { Config } from '../config.js';
import type { Run } from './run.js';

const cookieName = 'portal_try_it';
/** Seconds for which a run is kept: the lifetime of an access token. */
const keptFor = 3600;
/** The most runs per app. A new run replaces the oldest. */
const maxRunsPerApp = 50;
/** The most steps per run. */
const maxSteps = 30;

/** Stores the runs of "Try it", sealed, each for the browser that began it. */
@Injectable()
export class Runs {
  private readonly sealer: Sealer;

  constructor(
    private readonly source: DataSource,
    @Inject(CONFIG) private readonly config: Config,
  ) {
    this.sealer = new Sealer(config.PORTAL_SEALING_KEY);
  }

  /** Begins a run that only this browser can open. */
  async begin(request: FastifyRequest, reply: FastifyReply, run: Omit<Run, 'id'>): Promise<Run> {
    const visitor = request.cookies[cookieName] ?? randomToken();
    void reply.setCookie(cookieName, visitor, {
      path: '/try-it',
      httpOnly: true,
      sameSite: 'lax',
      secure: this.config.REGISTRATION_URL.startsWith('https:'),
      maxAge: keptFor,
    });
    const begun = { ...run, id: randomUUID() };
    await this.source.query('DELETE FROM try_it_run WHERE created_at < now() - make_interval(secs => $1)', [
      keptFor,
    ]);
    await this.source.query(
      'INSERT INTO try_it_run (id, client_id, visitor_sha256, sealed) VALUES ($1, $2, $3, $4)',
      [begun.id, begun.client_id, sha256(visitor), this.seal(begun)],
    );
    await this.source.query(
      `DELETE FROM try_it_run WHERE client_id = $1 AND id NOT IN (
         SELECT id FROM try_it_run WHERE client_id = $1 ORDER BY created_at DESC, id LIMIT ${maxRunsPerApp})`,
      [begun.client_id],
    );
    return begun;
  }

  /** @throws Problem 404 when the run does not exist, has expired, or belongs to another browser */
  find(request: FastifyRequest, id: string): Promise<Run> {
    return this.open(this.source, request, id, '');
  }

  /**
   * Continues a run. Actions run one after the other, so the second press of a button sees the result of the
   * first.
   * @throws Problem as {@link find} does
   */
  change(request: FastifyRequest, id: string, work: (run: Run) => Promise<void>): Promise<Run> {
    return this.source.transaction(async (manager) => {
      const run = await this.open(manager, request, id, 'FOR UPDATE');
      await work(run);
      await this.save(run, manager);
      return run;
    });
  }

  private async open(db: Queryable, request: FastifyRequest, id: string, lock: '' | 'FOR UPDATE') {
    const visitor = request.cookies[cookieName];
    if (visitor && z.uuid().safeParse(id).success) {
      const [row] = await rowsOf<{ sealed: string }>(
        db,
        `SELECT sealed FROM try_it_run
         WHERE id = $1 AND visitor_sha256 = $2 AND created_at > now() - make_interval(secs => $3) ${lock}`,
        [id, sha256(visitor), keptFor],
      );
      if (row) return JSON.parse(this.sealer.open(row.sealed, id)) as Run;
    }
    throw new Problem(
      404,
      'run_not_found',
      'This trial is over, or it was begun in another browser. Begin it again on the page of the app.',
    );
  }

  async save(run: Run, db: Queryable = this.source): Promise<void> {
    const kept = { ...run, steps: run.steps.slice(-maxSteps) };
    await db.query('UPDATE try_it_run SET sealed = $2 WHERE id = $1', [run.id, this.seal(kept)]);
  }

  private seal(run: Run): string {
    return this.sealer.seal(JSON.stringify(run), run.id);
  }
}
