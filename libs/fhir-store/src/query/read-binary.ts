import type { Pool } from 'pg';
import type { Access } from '../access.js';
import { binaryType } from '../definitions/definitions.js';
import { Statement } from '../postgres/statement.js';
import { visibleRows } from './visible-rows.js';

/** A Binary, whose content is read in parts. */
export interface StoredBinary {
  versionId: string;
  lastUpdated: Date;
  /** Media type of the content, with its parameters. */
  contentType: string;
  /** Bytes of the content. */
  size: number;
  /** The JSON up to the member `data`, without the closing brace. */
  json: string;
  /**
   * The content, part by part. The length of each part but the last is divisible by three.
   * @throws Error when the Binary changes while it is read
   */
  content(): AsyncGenerator<Buffer>;
}

interface BinaryRow {
  version: number;
  last_updated: Date;
  content_type: string;
  size: number;
  sha256: string;
  security_context: string | null;
  json: string;
}

/** Types with an element of type Attachment, whose `url` may name a Binary. */
const attachingTypes = [
  'DocumentReference',
  'DiagnosticReport',
  'QuestionnaireResponse',
  'Patient',
  'RelatedPerson',
  'Practitioner',
];

/**
 * Reads a Binary that the access reaches. With a `securityContext`, the readers of that resource read it
 * (FHIR R4, Binary); without one, the readers of a resource with an attachment that names it.
 */
export async function readBinary(
  pool: Pool,
  { id, access }: { id: string; access: Access },
): Promise<StoredBinary | undefined> {
  if (access.patient === undefined || !access.types.has(binaryType)) return undefined;
  const { rows } = await pool.query<BinaryRow>({
    name: 'read-binary',
    text: `SELECT version, last_updated, content_type, size, sha256, security_context, json
           FROM binary_resource WHERE id = $1 AND NOT labels && $2::text[]`,
    values: [id, access.withheld ?? []],
  });
  const [row] = rows;
  if (!row || !(await isVisible(pool, id, row.security_context, access))) return undefined;
  return {
    versionId: String(row.version),
    lastUpdated: row.last_updated,
    contentType: row.content_type,
    size: row.size,
    json: row.json,
    content: () => partsOf(pool, id, row),
  };
}

async function isVisible(
  pool: Pool,
  id: string,
  securityContext: string | null,
  access: Access,
): Promise<boolean> {
  const statement = new Statement();
  const [contextType = '', contextId = ''] = securityContext?.split('/') ?? [];
  const types = securityContext === null ? attachingTypes : [contextType];
  const exists = types.map((type) => {
    const { from, where } = visibleRows(statement, type, access, 'r');
    const condition =
      securityContext === null
        ? `r.refs @> ARRAY[${statement.bind(`${binaryType}/${id}`, '::text')}]`
        : `r.id = ${statement.bind(contextId)}`;
    return `EXISTS (SELECT FROM ${from} WHERE ${where} AND ${condition})`;
  });
  const { rows } = await pool.query<{ visible: boolean }>(
    `SELECT ${exists.join(' OR ')} AS visible`,
    statement.values,
  );
  return rows[0]!.visible;
}

async function* partsOf(pool: Pool, id: string, { size, sha256 }: BinaryRow): AsyncGenerator<Buffer> {
  let sent = 0;
  for (let part = 0; sent < size; part++) {
    const { rows } = await pool.query<{ content: Buffer }>({
      name: 'read-binary-part',
      text: `SELECT p.content FROM binary_part p JOIN binary_resource b USING (id)
             WHERE p.id = $1 AND p.part = $2 AND b.sha256 = $3`,
      values: [id, part, sha256],
    });
    const content = rows[0]?.content;
    if (!content) throw new Error(`${binaryType}/${id} has changed while it was read`);
    sent += content.length;
    yield content;
  }
}
