import type { Access } from '../access.js';
import { isCompartmentType } from '../definitions/definitions.js';
import { hasNoLabelSql, isVisibleSql, labelsOfOneRowSql, labelsSql, labelsText } from '../index/labels.js';
import { textAsBytes } from '../postgres/bytes-client.js';
import type { Database } from '../postgres/database.js';
import { CombinedReads, type ReadRow, type ReadStatement } from './combined-reads.js';
import { pointedTo } from './visible-rows.js';

interface Wanted {
  type: string;
  id: string;
  access: Access;
}

/** Reads single resources by type and id, as far as each access allows. */
export class Reader {
  private readonly members: CombinedReads;
  private readonly shared: CombinedReads;

  /** @param maxCombined most reads that share a statement. The default when absent */
  constructor(
    private readonly database: Database,
    maxCombined?: number,
  ) {
    this.members = new CombinedReads(database, readMember, maxCombined);
    this.shared = new CombinedReads(database, readShared, maxCombined);
  }

  /** The row of a resource; undefined when there is none, or when the access does not reach it. */
  read({ type, id, access }: Wanted): Promise<ReadRow | undefined> {
    if (!isReadable(type, access)) return Promise.resolve(undefined);
    const { patient, withheld = noLabels } = access;
    if (patient === undefined) return this.shared.read({ type, id, patient }, labelsText(withheld));
    if (isCompartmentType(type) && type !== 'Provenance')
      return this.members.read({ type, id, patient }, labelsText(withheld));
    return this.readByReferences(type, id, access);
  }

  /** Whether a resource was deleted that the access reached before it was deleted. */
  async isDeleted({ type, id, access }: Wanted): Promise<boolean> {
    if (!isReadable(type, access)) return false;
    const { rows } = await this.database.query(deletedStatement(type, id, access));
    return rows.length > 0;
  }

  /** Reads a resource whose visibility depends on other resources of the patient. */
  private async readByReferences(type: string, id: string, access: Access): Promise<ReadRow | undefined> {
    const statement = referenceStatement(type, id, access);
    const { rows } = await this.database.query<ReadRow>({ ...statement, types: textAsBytes });
    return rows[0];
  }
}

/** Without a patient there is no compartment. */
const isReadable = (type: string, { patient, types }: Access): boolean =>
  types.has(type) && (patient !== undefined || !isCompartmentType(type));

const noLabels: readonly string[] = [];
const labels = labelsSql('$3');
const labelsOfOneRow = labelsOfOneRowSql('$3');
const columns = 'body AS json, version, last_updated';
const hasNoLabel = hasNoLabelSql('r', labelsOfOneRow);

const selectFrom = (table: string, condition: string): string =>
  `SELECT ${columns} FROM ${table} r WHERE r.type = $1 AND r.id = $2 AND ${condition}`;

/**
 * Selects many resources, each by its own key. `OFFSET 0` makes PostgreSQL look up one key after the other;
 * it could otherwise join the whole table.
 * @param arrays SQL arrays of the columns of the primary key
 */
const selectManyFrom = (table: string, arrays: Record<string, string>): string => {
  const names = Object.keys(arrays);
  const isKey = names.map((name) => `r.${name} = key.${name}`).join(' AND ');
  return `SELECT key.n::int AS n, found.*
    FROM unnest(${Object.values(arrays).join()}) WITH ORDINALITY AS key (${names.join()}, n)
    CROSS JOIN LATERAL (SELECT ${columns} FROM ${table} r WHERE ${isKey} AND ${hasNoLabel} OFFSET 0) AS found`;
};

const typesAndIds = { type: '$1::text[]', id: '$2::text[]' };
const readMember: ReadStatement = {
  name: 'read-member',
  one: selectFrom('member_resource', `r.patient = $4 AND ${hasNoLabel}`),
  many: selectManyFrom('member_resource', { patient: '$4::text[]', ...typesAndIds }),
};
const readShared: ReadStatement = {
  name: 'read-shared',
  one: selectFrom('shared_resource', hasNoLabel),
  many: selectManyFrom('shared_resource', typesAndIds),
};

/** The texts of the statements by their names: a text takes longer to build than to send. */
const texts = new Map<string, string>();

/**
 * A statement about one resource: `$1` is the type, `$2` the id, `$3` the withheld labels, `$4` the patient.
 * @param build gives the text, which the name alone decides
 */
function statementOf(name: string, build: () => string, type: string, id: string, access: Access) {
  const { patient, withheld = noLabels } = access;
  let text = texts.get(name);
  if (text === undefined) texts.set(name, (text = build()));
  const values = [type, id, labelsText(withheld)];
  if (patient !== undefined) values.push(patient);
  return { name, text, values };
}

function referenceStatement(type: string, id: string, access: Access) {
  const statement = (name: string, build: () => string) => statementOf(name, build, type, id, access);
  if (isCompartmentType(type))
    return statement('read-provenance', () =>
      selectFrom('member_resource', `r.patient = $4 AND ${isVisibleSql('r', [type], '$4', labels)}`),
    );
  const isPartly = access.withheld !== undefined && access.withheld.length > 0;
  return statement(`read-pointed-to-${type}${isPartly ? '-visibly' : ''}`, () => {
    const pointers = pointedTo(type, '$4', isPartly ? labels : undefined);
    return `${readShared.one} AND r.id = ANY(ARRAY(${pointers}))`;
  });
}

function deletedStatement(type: string, id: string, access: Access) {
  const text = `SELECT version FROM deleted_resource r
    WHERE r.type = $1 AND r.id = $2 AND (r.labels IS NULL OR NOT r.labels && ${labelsOfOneRow})`;
  const statement = (name: string, condition: () => string) =>
    statementOf(name, () => `${text}${condition()}`, type, id, access);
  if (access.patient === undefined) return statement('deleted-shared', () => '');
  return isCompartmentType(type)
    ? statement('deleted-member', () => ' AND $4 = ANY(r.patients)')
    : statement(
        `deleted-pointed-to-${type}`,
        () => ` AND r.id = ANY(ARRAY(${pointedTo(type, '$4', labels)}))`,
      );
}
