import type { Pool, PoolClient } from 'pg';
import type { Batch, ConditionalWork, Piece, Work } from './batch.js';
import { recordRulesOfEmptyTypes } from './index-rules.js';
import { isCompartmentType } from '../definitions/definitions.js';
import { StructureFindings, type StructureFinding } from '../structure/findings.js';
import { BareCodes, type BareCode } from './code-names.js';
import { laterOf, recordDataAge, type Times } from './data-age.js';
import { nameClaims } from './name-claims.js';
import { openPreparation, type Preparation } from './preparation.js';
import { noEnrichment, type PreparationSettings } from './prepare-batch.js';
import { resolveConditions } from './resolve-conditions.js';
import type { RefusalKind, RefusedEntry } from './refusal.js';
import { totalBytes, workOf, type ReadFile } from './sources.js';
import { Snapshot, type SnapshotHeld, type SnapshotOptions } from './snapshot.js';
import { durable, refreshSharedIndexes, storeBatch, type Stored } from './store-batch.js';
import { Turns } from './loader-lock.js';
import { resolvableResources, type WaitedSince } from './unresolved-resources.js';

export interface LoadReport {
  /** The files that were read to their end. */
  files: ReadFile[];
  read: number;
  created: number;
  updated: number;
  unchanged: number;
  deleted: number;
  rejected: number;
  rejectedByKind: Partial<Record<RefusalKind, number>>;
  /** Problems in the structure of resources by profile and element, the most frequent first. */
  structure: StructureFinding[];
  /** Resources created, updated or deleted, by type. */
  byType: Record<string, number>;
  /**
   * Resources in the store that are not served yet: their owner is unknown until the resources they reference
   * are loaded.
   */
  waiting: number;
  /**
   * Resources that are not in the store yet, because a conditional reference of theirs does not match exactly
   * one resource.
   */
  unresolved: number;
  /** Resources that were labelled as sensitive by their codes. */
  labelled: number;
  /** Codes without a display, the most frequent first. */
  bareCodes: BareCode[];
  /** Claims into which names of providers were written that came after them. */
  named: number;
  /** Claims of which a provider has no known name. */
  unnamed: number;
  /** Resources that are absent from a snapshot and stay, because a rule keeps them for a time. */
  kept?: number;
  /** Why a snapshot deleted nothing, although resources may be absent from it. */
  snapshotHeld?: SnapshotHeld;
}

export interface Progress extends LoadReport {
  /** Bytes of the files that are stored. */
  bytes: number;
  /** Bytes of all files; undefined when that cannot be known. */
  totalBytes: number | undefined;
}

export interface LoadOptions extends Partial<
  Pick<PreparationSettings, 'labelRules' | 'codeTables' | 'freshness'>
> {
  pool: Pool;
  /** FHIR base URL of the environment: its absolute references become local. */
  baseUrl: string;
  /** FHIR base URLs of the payer's own servers: absolute references to them become local, too. */
  ownBases?: readonly string[];
  files: readonly string[];
  /** What happens to a resource that does not fit R4's structure: refused (the default), or only counted. */
  structure?: 'refuse' | 'count';
  /** Treats the files as all resources of some types. */
  snapshot?: SnapshotOptions;
  /**
   * The times to which the source declared its data complete, by kind. `undeclared` is for each other kind
   * that the files have. A load with refusals does not count as complete.
   */
  completeTo?: { byKind: Times; undeclared?: number };
  /**
   * Whether the version before a change or a deletion stays readable (`vread`, `_history`); false by default.
   * A Binary and a resource that waits for its owner have no earlier versions.
   */
  keepsVersions?: boolean;
  /** Threads that parse and extract. With 0, the default, the calling thread does. */
  threads?: number;
  /** Called for each resource that is not stored. @param place file and line, or entry */
  onRejected(place: string, reason: string, entry: RefusedEntry): void;
  /** Called after each transaction. */
  onProgress?(progress: Progress): void;
}

/**
 * Loads resources in batches of about two megabytes; a line or a Bundle is never divided. A batch is one
 * transaction: a search sees all of it or nothing. Loading the same again changes nothing, so after a crash,
 * loading again completes the work. The resources of the report are on the disk. A bad resource is reported
 * and left out.
 * @throws Error when a file cannot be read or the database fails; the batches before stay stored
 */
export async function load(options: LoadOptions): Promise<LoadReport> {
  const total = totalBytes(options.files);
  const { pool, baseUrl, ownBases = [], structure = 'refuse', threads = 0 } = options;
  const { labelRules, codeTables, freshness } = enrichmentOf(options);
  const preparation = openPreparation(
    { baseUrl, ownBases, structure, labelRules, codeTables, freshness },
    threads,
  );
  const client = await pool.connect().catch(async (error: unknown) => {
    await preparation.stop();
    throw error;
  });
  const run = new LoadRun(client, preparation, options, total);
  try {
    await run.start();
    for await (const work of workOf(options.files, (file) => run.report.files.push(file)))
      await run.add(work);
    await run.finish();
  } finally {
    await run.stop();
    client.release();
    await preparation.stop();
  }
  return run.report;
}

const enrichmentOf = ({
  labelRules = noEnrichment.labelRules,
  codeTables = noEnrichment.codeTables,
  freshness = noEnrichment.freshness,
}: LoadOptions) => ({ labelRules, codeTables, freshness });

/** A batch that is being prepared. */
interface Preparing {
  prepared: Promise<Batch | ConditionalWork>;
  place: string;
  bytes: number;
}

/** One load: batches are prepared ahead and stored in the order of the files. */
class LoadRun {
  readonly report: LoadReport = {
    files: [],
    read: 0,
    created: 0,
    updated: 0,
    unchanged: 0,
    deleted: 0,
    rejected: 0,
    rejectedByKind: {},
    structure: [],
    byType: {},
    waiting: 0,
    unresolved: 0,
    labelled: 0,
    bareCodes: [],
    named: 0,
    unnamed: 0,
  };
  /** The next batches are prepared while one is stored. */
  private readonly preparing: Preparing[] = [];
  /** What conditional references match, as far as this load has looked. */
  private readonly resolutions = new Map<string, readonly string[]>();
  private readonly findings = new StructureFindings();
  private readonly turns = new Turns();
  private readonly bare = new BareCodes();
  private newest: Times = {};
  private hasUnnamed = false;
  private snapshot: Snapshot | undefined;
  private lost: Error | undefined;
  /**
   * The statement after a lost connection fails without a reason. Without this listener, the loss would end
   * the process.
   */
  private readonly noteLost = (error: Error) => (this.lost ??= error);

  constructor(
    private readonly client: PoolClient,
    private readonly preparation: Preparation,
    private readonly options: LoadOptions,
    private readonly totalBytes: number | undefined,
  ) {
    client.on('error', this.noteLost);
  }

  async start(): Promise<void> {
    await recordRulesOfEmptyTypes(this.client);
    const { snapshot } = this.options;
    if (snapshot) this.snapshot = await Snapshot.begin(this.client, snapshot, this.options.keepsVersions);
  }

  async stop(): Promise<void> {
    await this.snapshot?.end();
    this.client.off('error', this.noteLost);
  }

  async add(work: Work): Promise<void> {
    const prepared = this.preparation.prepare(work.pieces);
    this.preparing.push({ prepared, place: placeOf(work.pieces), bytes: work.readBytes });
    if (this.preparing.length > this.preparation.width) await this.storeNext();
  }

  async finish(): Promise<void> {
    while (this.preparing.length > 0) await this.storeNext();
    // The lookup of conditions reads the index of shared resources.
    await refreshSharedIndexes(this.client, sharedChanges(this.report.byType));
    await this.storeResolvable();
    if (this.snapshot) {
      const { rejected } = this.report;
      const { kept, held } = await this.snapshot.deleteAbsent(rejected, (stored) => this.count(stored));
      this.report.kept = kept;
      this.report.snapshotHeld = held;
      await refreshSharedIndexes(this.client, sharedChanges(this.report.byType));
    }
    // Only a new claim, or a new name, can change what is known.
    if (this.hasUnnamed || sharedChanges(this.report.byType) > 0)
      this.report.named = await nameClaims(this.client, this.options.baseUrl, this.options.keepsVersions);
    this.report.bareCodes = this.bare.all;
    await recordDataAge(this.client, this.newest, this.completeTo());
    await durable(this.client);
    const { rows } = await this.client.query<Pick<LoadReport, 'waiting' | 'unresolved' | 'unnamed'>>(
      `SELECT (SELECT count(*)::int FROM waiting_resource) AS waiting,
              (SELECT count(*)::int FROM unresolved_resource) AS unresolved,
              (SELECT count(DISTINCT (type, id))::int FROM unnamed_reference) AS unnamed`,
    );
    Object.assign(this.report, rows[0]);
  }

  /**
   * Stores the resources that wait no longer. A shared one may be the target that others wait for, so each
   * round that stores one is followed by another.
   */
  private async storeResolvable(): Promise<void> {
    for (let before = -1; before < sharedChanges(this.report.byType);) {
      before = sharedChanges(this.report.byType);
      for await (const { pieces, resolutions, waitedSince } of resolvableResources(this.client)) {
        const batch = await this.preparation.accepted(pieces, resolutions);
        // The load that brought these resources has counted them.
        await this.store({ ...batch, read: 0, findings: [], bareCodes: [] }, placeOf(pieces), waitedSince);
      }
    }
  }

  /** With a refusal, data is missing that the source has: it is not complete here. */
  private completeTo(): Times {
    const { byKind = {}, undeclared } = this.options.completeTo ?? {};
    if (this.report.rejected > 0) return {};
    if (undeclared === undefined) return byKind;
    return { ...Object.fromEntries(Object.keys(this.newest).map((kind) => [kind, undeclared])), ...byKind };
  }

  private async storeNext(): Promise<void> {
    const { prepared, place, bytes } = this.preparing.shift()!;
    const batch = await this.complete(await prepared);
    await this.store(batch, place);
    await this.snapshot?.note(batch);
    this.options.onProgress?.({ ...this.report, bytes, totalBytes: this.totalBytes });
  }

  /** The batches before are stored now, so their resources are found. */
  private async complete(prepared: Batch | ConditionalWork): Promise<Batch> {
    if (!('conditions' in prepared)) return prepared;
    const { conditions, pieces } = prepared;
    const resolutions = await resolveConditions(this.client, conditions, this.resolutions);
    return this.preparation.resolved(
      pieces,
      new Map(conditions.map((one) => [one, resolutions.get(one) ?? []])),
    );
  }

  private async store(batch: Batch, place: string, waitedSince?: WaitedSince): Promise<void> {
    const { report } = this;
    this.noteRefused(batch);
    const { keepsVersions = false } = this.options;
    const stored = await storeBatch(this.client, batch, {
      turns: this.turns,
      keepsVersions,
      waitedSince,
    }).catch((error: unknown) => {
      throw new Error(`${(this.lost ?? (error as Error)).message}, in what begins at ${place}`, {
        cause: error,
      });
    });
    report.read += batch.read;
    report.unchanged += batch.existing.length;
    report.labelled += batch.labelled;
    this.bare.addAll(batch.bareCodes);
    this.newest = laterOf(this.newest, batch.newest);
    this.hasUnnamed ||= batch.changes.some((change) => 'unnamed' in change && change.unnamed.length > 0);
    const sharedBefore = sharedChanges(report.byType);
    this.count(stored);
    // Another resource may have the identifier now, or none.
    if (sharedChanges(report.byType) > sharedBefore) this.resolutions.clear();
  }

  private count({ created, updated, deleted, unchanged }: Stored): void {
    const { report } = this;
    report.unchanged += unchanged;
    report.created += sum(created);
    report.updated += sum(updated);
    report.deleted += sum(deleted);
    for (const counts of [created, updated, deleted])
      for (const [type, count] of Object.entries(counts))
        report.byType[type] = (report.byType[type] ?? 0) + count;
  }

  private noteRefused({ rejected, findings }: Batch): void {
    const { report } = this;
    for (const entry of rejected) {
      report.rejected += 1;
      report.rejectedByKind[entry.kind] = (report.rejectedByKind[entry.kind] ?? 0) + 1;
      this.options.onRejected(entry.place, entry.reason, entry);
    }
    for (const finding of findings) this.findings.add(finding);
    report.structure = this.findings.all;
  }
}

function placeOf([first]: readonly Piece[]): string {
  return first?.firstLine === undefined ? `${first?.file}` : `${first.file}:${first.firstLine}`;
}

/** The number of shared resources among the changes. @param byType numbers of changes */
export const sharedChanges = (byType: Record<string, number>) =>
  Object.entries(byType).reduce((total, [type, count]) => total + (isCompartmentType(type) ? 0 : count), 0);

const sum = (counts: Record<string, number>) =>
  Object.values(counts).reduce((total, count) => total + count, 0);
