import { Inject, Injectable, Logger } from '@nestjs/common';
import { CONFIG, addressesFrom, rowsOf, TooManyRequests } from '@payer/service';
import {
  environments,
  planRules,
  plansOfFlow,
  trialEnvironment,
  type Environment,
  type PlanRule,
} from '@payer/smart';
import { DataSource } from 'typeorm';
import { PortalAccess } from '../apps/portal-access.js';
import type { Config } from '../config.js';
import { PlatformHttp } from '../http/platform-http.js';
import { Trials } from '../try-it/trials.js';
import { checks } from './checks/index.js';
import { Subject, type CheckedApp } from './checks/subject.js';
import type { CheckResult, ConformanceRun } from './conformance-run.js';
import { runChecks } from './run-checks.js';

/** Seconds between the starts of two runs, also of different developers. */
const pause = 60;
/** Seconds after which a run begins no further check. */
const longest = 50;
/** Seconds after which a run without results counts as abandoned: its process ended. */
const abandonedAfter = 120;
const keptRuns = 20;

/** Runs the live checks against this deployment, and keeps the results. */
@Injectable()
export class ConformanceRuns {
  private readonly logger = new Logger('conformance');

  constructor(
    private readonly source: DataSource,
    private readonly http: PlatformHttp,
    private readonly trials: Trials,
    private readonly access: PortalAccess,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** The latest run that is finished. */
  async latest(): Promise<ConformanceRun | undefined> {
    const [row] = await rowsOf<{ started_at: Date; finished_at: Date; results: CheckResult[] }>(
      this.source,
      `SELECT started_at, finished_at, results FROM conformance_run
       WHERE finished_at IS NOT NULL ORDER BY started_at DESC LIMIT 1`,
    );
    return (
      row && {
        started_at: row.started_at.toISOString(),
        finished_at: row.finished_at.toISOString(),
        results: row.results,
      }
    );
  }

  /** When the run that is under way began. Undefined when none is. */
  async runningSince(): Promise<string | undefined> {
    const [row] = await rowsOf<{ started_at: Date }>(
      this.source,
      `SELECT started_at FROM conformance_run
       WHERE finished_at IS NULL AND started_at > now() - make_interval(secs => $1)`,
      [abandonedAfter],
    );
    return row?.started_at.toISOString();
  }

  /**
   * Starts a run of all checks in all environments. It continues after the answer of the request.
   * @returns the time of its start, and a promise that resolves when the run has ended
   * @throws TooManyRequests when a run began less than a minute ago, on any replica
   */
  async start(): Promise<{ started_at: string; ended: Promise<void> }> {
    const { id, started_at } = await this.begin();
    const ended = this.finish(id).catch((error: unknown) =>
      this.logger.error(`the run of the conformance checks failed: ${(error as Error).message}`),
    );
    return { started_at: started_at.toISOString(), ended };
  }

  private async finish(id: string): Promise<void> {
    const until = Date.now() + longest * 1000;
    const results: CheckResult[] = [];
    for (const environment of environments) {
      const subject = await this.subjectOf(environment);
      const chosen = checks.filter(({ needsApp }) => !needsApp || environment === trialEnvironment);
      results.push(...(await runChecks(chosen, environment, subject, until)));
    }
    await this.source.query('UPDATE conformance_run SET finished_at = now(), results = $2 WHERE id = $1', [
      id,
      JSON.stringify(results),
    ]);
    await this.source.query(
      `DELETE FROM conformance_run WHERE id NOT IN (
         SELECT id FROM conformance_run ORDER BY started_at DESC LIMIT ${keptRuns})`,
    );
  }

  /** Takes the only place of a minute. The lock makes two requests at the same time wait for each other. */
  private begin(): Promise<{ id: string; started_at: Date }> {
    return this.source.transaction(async (manager) => {
      await manager.query("SELECT pg_advisory_xact_lock(hashtext('conformance_run'))");
      const [recent] = await rowsOf<{ wait: number }>(
        manager,
        `SELECT ceil(extract(epoch FROM started_at + make_interval(secs => $1) - now()))::int AS wait
         FROM conformance_run WHERE started_at > now() - make_interval(secs => $1)
         ORDER BY started_at DESC LIMIT 1`,
        [pause],
      );
      if (recent) {
        const retryAfter = Math.max(1, recent.wait);
        throw new TooManyRequests(
          { isAllowed: false, retryAfter, headers: { 'retry-after': String(retryAfter) } },
          'runs of the conformance checks',
        );
      }
      const [row] = await rowsOf<{ id: string; started_at: Date }>(
        manager,
        `WITH begun AS (INSERT INTO conformance_run DEFAULT VALUES RETURNING id, started_at)
         SELECT id, started_at FROM begun`,
      );
      return row!;
    });
  }

  private async subjectOf(environment: Environment): Promise<Subject> {
    const addresses = addressesFrom(this.config);
    const other = environments.find((one) => one !== environment);
    return new Subject(
      this.http,
      addresses[environment],
      environment === trialEnvironment
        ? {
            member: await this.appOf('authorization-code'),
            directory: await this.appOf('client-credentials'),
          }
        : undefined,
      other && addresses[other].fhirBaseUrl,
    );
  }

  /** The demonstration app of the first plan with the flow. */
  private async appOf(flow: PlanRule['flow']): Promise<CheckedApp> {
    const plan = plansOfFlow(flow)[0]!;
    const app = await this.trials.demonstrationApp(plan);
    return {
      client_id: app.client_id,
      client_secret: this.access.secretOf(app.client_id),
      redirect_uri: app.portal_redirect_uri ?? '',
      scope: planRules[plan].scopes.join(' '),
    };
  }
}
