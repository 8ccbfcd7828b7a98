import { AsyncLocalStorage } from 'node:async_hooks';
import { sha256, type Queryable } from '@payer/service';
import type { Environment } from '@payer/smart';
import type { AdapterPayload } from 'oidc-provider';
import type { DataSource } from 'typeorm';
import type { Member } from '../../members/members.js';
import type { ArtifactRow } from './artifact-row.js';
import { readStep, writeStep, type StepIds, type StepRow } from './step-rows.js';

/** Artifacts that a step of an interaction reads and writes together. */
const models: ReadonlySet<string> = new Set([
  'Interaction',
  'FinishedInteraction',
  'Session',
  'Grant',
  'AuthorizationCode',
]);

const running = new AsyncLocalStorage<UnitOfWork>();

/** The unit of work of the running step. Undefined outside of steps, and for models of other requests. */
export function unitOfWork(model: string): UnitOfWork | undefined {
  return models.has(model) ? running.getStore() : undefined;
}

/** A member whom the running step has read with its rows. */
export const memberOfStep = (sub: string): Member | undefined => running.getStore()?.member(sub);

/**
 * The artifacts of one step of an interaction (unit of work). The step reads its rows with one statement. It
 * collects its writes, and {@link commit} writes them with one statement before the answer leaves. So a crash
 * leaves a step done or not begun.
 */
export class UnitOfWork {
  private readonly rows: StepRow[] = [];
  private readonly members: Member[] = [];
  private readonly asked = new Set<string>();
  private readonly stored = new Map<string, ArtifactRow>();
  private readonly removed = new Map<string, { model: string; id: string }>();

  constructor(
    private readonly source: DataSource,
    private readonly environment: Environment,
  ) {}

  /** Reads the rows of a step. */
  async load(ids: StepIds): Promise<this> {
    const { rows, members } = await readStep(this.source, this.environment, ids);
    this.rows.push(...rows);
    this.members.push(...members);
    for (const model of ['Interaction', 'FinishedInteraction'])
      if (ids.uid !== undefined) this.asked.add(keyOf(model, sha256(ids.uid)));
    if (ids.session !== undefined) this.asked.add(keyOf('Session', sha256(ids.session)));
    return this;
  }

  /** Runs code of the engine whose reads and writes of artifacts belong to this step. */
  run<T>(work: () => Promise<T>): Promise<T> {
    return running.run(this, work);
  }

  /** @returns undefined when only the database knows; `payload` is undefined when there is no such row */
  find(model: string, id: string): { payload: AdapterPayload | undefined } | undefined {
    const idHash = sha256(id);
    const key = keyOf(model, idHash);
    const written = this.stored.get(key);
    if (written) return { payload: written.payload };
    if (this.removed.has(key)) return { payload: undefined };
    const row = this.rows.find((read) => read.model === model && read.idHash === idHash);
    return row || this.asked.has(key) ? { payload: row?.payload } : undefined;
  }

  /** Like {@link find}, for a row that the database had at the begin of the step. */
  findByUid(model: string, uid: string): { payload: AdapterPayload } | undefined {
    const row = this.rows.find((read) => read.model === model && read.uid === uid);
    if (!row) return undefined;
    const key = keyOf(model, row.idHash);
    return this.removed.has(key) ? undefined : { payload: this.stored.get(key)?.payload ?? row.payload };
  }

  member(sub: string): Member | undefined {
    return this.members.find((read) => read.sub === sub);
  }

  store(row: ArtifactRow): void {
    const key = keyOf(row.model, sha256(row.id));
    this.stored.set(key, row);
    this.removed.delete(key);
  }

  remove(model: string, id: string): void {
    const key = keyOf(model, sha256(id));
    this.stored.delete(key);
    this.removed.set(key, { model, id });
  }

  /**
   * Writes what the step has stored and removed.
   * @param db a transaction that the writes belong to; by default they are a transaction
   * @returns false when another request has used up the interaction; nothing is then written
   */
  async commit(db: Queryable = this.source): Promise<boolean> {
    if (this.stored.size === 0 && this.removed.size === 0) return true;
    const read = new Set(this.rows.map((row) => keyOf(row.model, row.idHash)));
    const writes = {
      stored: [...this.stored].map(([key, row]) => ({ ...row, wasRead: read.has(key) })),
      removed: [...this.removed.values()],
    };
    this.stored.clear();
    this.removed.clear();
    return writeStep(db, this.environment, writes);
  }
}

const keyOf = (model: string, idHash: string) => `${model} ${idHash}`;
