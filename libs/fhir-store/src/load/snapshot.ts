import type { PoolClient } from 'pg';
import { isServedType, binaryType } from '../definitions/definitions.js';
import type { Batch, Deletion } from './batch.js';
import { keepByRules, type RetentionRule } from './retention.js';
import { storeBatch, type Stored } from './store-batch.js';

/** Files that hold all resources of some types: stored resources that are absent from them are deleted. */
export interface SnapshotOptions {
  types: readonly string[];
  /** The share of the stored resources of a type that may be deleted without a question, from 0 to 1. */
  limit: number;
  /** What stays for a time, although it is absent. */
  retention?: readonly RetentionRule[];
  /** Asks whether more may be deleted; nothing is deleted when absent. */
  confirm?(absent: AbsentResources): Promise<boolean>;
}

/** Resources of a type that the snapshot does not have. */
export interface AbsentResources {
  type: string;
  absent: number;
  stored: number;
}

/** Why a snapshot deleted nothing. */
export type SnapshotHeld = { because: 'refusals' } | ({ because: 'limit' } & AbsentResources);

/** Resources deleted in one transaction. */
const pageSize = 1000;

const stored = `
  SELECT type, id FROM shared_resource WHERE type = ANY($1)
  UNION SELECT type, id FROM member_resource WHERE type = ANY($1)
  UNION SELECT type, id FROM waiting_resource WHERE type = ANY($1)
  UNION SELECT type, id FROM unresolved_resource WHERE type = ANY($1)
  UNION SELECT '${binaryType}', id FROM binary_resource WHERE '${binaryType}' = ANY($1)`;

/** Whether a load can bring resources of a type. */
export const isLoadableType = (type: string): boolean => isServedType(type) || type === binaryType;

/** Notes which resources of the types a load brings, and deletes the others at its end. */
export class Snapshot {
  private constructor(
    private readonly client: PoolClient,
    private readonly options: SnapshotOptions,
    private readonly keepsVersions: boolean,
  ) {}

  /**
   * @param keepsVersions whether a deleted resource stays readable as an earlier version
   * @throws Error when a type is none of this server
   */
  static async begin(client: PoolClient, options: SnapshotOptions, keepsVersions = false): Promise<Snapshot> {
    const unknown = options.types.find((type) => !isLoadableType(type));
    if (unknown) throw new Error(`snapshot of ${unknown}, which is not a resource type of this server`);
    await client.query('DROP TABLE IF EXISTS pg_temp.snapshot_key');
    await client.query('CREATE TEMPORARY TABLE snapshot_key (type text, id text, PRIMARY KEY (type, id))');
    return new Snapshot(client, options, keepsVersions);
  }

  async end(): Promise<void> {
    await this.client.query('DROP TABLE IF EXISTS pg_temp.snapshot_key').catch(() => undefined);
  }

  /** @param batch of the files: a resource that waited since an earlier load is in none of them */
  async note({ changes, existing }: Batch): Promise<void> {
    const keys = [...changes.filter(({ isDeleted }) => !isDeleted), ...existing].filter(({ type }) =>
      this.options.types.includes(type),
    );
    if (keys.length === 0) return;
    await this.client.query(
      'INSERT INTO snapshot_key SELECT * FROM unnest($1::text[], $2::text[]) ON CONFLICT DO NOTHING',
      [keys.map(({ type }) => type), keys.map(({ id }) => id)],
    );
  }

  /**
   * Deletes what is absent. A refused resource may be one that is stored, so with refusals nothing is
   * deleted.
   * @param onDeleted called after each transaction
   * @returns how many absent resources the rules keep, and why nothing was deleted
   */
  async deleteAbsent(
    rejected: number,
    onDeleted: (stored: Stored) => void,
  ): Promise<{ kept: number; held?: SnapshotHeld }> {
    if (rejected > 0) return { kept: 0, held: { because: 'refusals' } };
    const { types, limit, retention = [], confirm } = this.options;
    const kept = await keepByRules(this.client, types, retention);
    const { rows } = await this.client.query<AbsentResources>(
      `SELECT s.type, count(*)::int AS stored, count(*) FILTER (WHERE k.id IS NULL)::int AS absent
       FROM (${stored}) s LEFT JOIN snapshot_key k USING (type, id) GROUP BY s.type`,
      [types],
    );
    for (const found of rows)
      if (found.absent > found.stored * limit && !(await confirm?.(found)))
        return { kept, held: { because: 'limit', ...found } };
    for (;;) {
      const page = await this.client.query<{ type: string; id: string }>(
        `SELECT s.type, s.id FROM (${stored}) s WHERE NOT EXISTS (
           SELECT FROM snapshot_key k WHERE k.type = s.type AND k.id = s.id) LIMIT ${pageSize}`,
        [types],
      );
      if (page.rows.length === 0) return { kept };
      const { keepsVersions } = this;
      onDeleted(await storeBatch(this.client, deletionOf(page.rows), { keepsVersions }));
    }
  }
}

/** A batch that deletes resources. */
export function deletionOf(keys: readonly { type: string; id: string }[]): Batch {
  const none = new Uint8Array();
  return {
    changes: keys.map(({ type, id }): Deletion => ({ type, id, isDeleted: true })),
    rows: { resources: none, strings: none, references: none, binaryParts: none },
    rejected: [],
    findings: [],
    read: 0,
    existing: [],
    labelled: 0,
    bareCodes: [],
    newest: {},
  };
}
