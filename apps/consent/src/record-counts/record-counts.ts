import { Injectable } from '@nestjs/common';
import { readRows } from '@payer/service';
import {
  countedTypeOfKind,
  type CountedKind,
  type Environment,
  type OpenedKind,
  type RecordCounts as CountedBatch,
} from '@payer/smart';
import type { Texts } from '@payer/ui';
import { DataSource } from 'typeorm';

type TypeCount = CountedBatch['members'][number]['counts'][number];

/** The number of a member's records by resource type, and the earliest date in them. */
export type CountOfType = ReadonlyMap<string, Pick<TypeCount, 'count' | 'since'>>;

/** Stores the counts that fhir-api publishes, so that a page shows them without a request to fhir-api. */
@Injectable()
export class RecordCounts {
  constructor(private readonly source: DataSource) {}

  /** Applies a batch. A member's newer counts replace older counts, in whatever order batches come. */
  async apply({ environment, version, members }: CountedBatch): Promise<void> {
    await this.source.query(
      `INSERT INTO record_count AS known (environment, patient, version, counts)
       SELECT $1, patient, $2, counts FROM jsonb_to_recordset($3::jsonb) AS given (patient text, counts jsonb)
       ORDER BY patient
       ON CONFLICT (environment, patient) DO UPDATE SET version = excluded.version, counts = excluded.counts
       WHERE known.version < excluded.version`,
      [environment, version, JSON.stringify(members)],
    );
  }

  /** The counts of a patient; empty while no event about the patient has come. */
  async ofPatient(environment: Environment, patient: string): Promise<CountOfType> {
    const [row] = await readRows<{ counts: TypeCount[] }>(
      this.source,
      'record-counts',
      'SELECT counts FROM record_count WHERE environment = $1 AND patient = $2',
      [environment, patient],
    );
    return new Map(row?.counts.map(({ type, count, since }) => [type, { count, since }]));
  }
}

/**
 * The number of a member's records of a kind in words, such as "15 claims since 2024".
 * @returns undefined when the kind has no counted type, or no record
 */
export function countInWords(texts: Texts, { kind, types }: OpenedKind, counts: CountOfType) {
  if (!isCounted(kind)) return undefined;
  const type = countedTypeOfKind[kind];
  const found = types.includes(type) ? counts.get(type) : undefined;
  if (!found || found.count === 0) return undefined;
  const items = texts.count(`count.${kind}`, found.count);
  return found.since ? texts.t('count.since', { items, year: found.since.slice(0, 4) }) : items;
}

const isCounted = (kind: string): kind is CountedKind => Object.hasOwn(countedTypeOfKind, kind);
