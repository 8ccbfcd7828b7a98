import type { Access } from '../access.js';
import { searchset, type Searchset } from '../bundle/searchset.js';
import { definitions, isCompartmentType, isServedType } from '../definitions/definitions.js';
import { badParameter } from '../fhir-error.js';
import { run, type Database, type Text } from '../postgres/database.js';
import { Scratch } from '../postgres/scratch.js';
import { Statement } from '../postgres/statement.js';
import { careDateSql } from './care-dates.js';
import { defaultCount, parseCount } from './count.js';
import { boundText, type Cursors } from './cursor.js';
import type { Meter } from './meter.js';
import { readOperationParameters } from './operation-parameters.js';
import { Pace } from './pace.js';
import { visibleCompartment, visibleRows } from './visible-rows.js';

/** A request for all that a patient's access reaches (FHIR R4, Patient/$everything). */
export interface EverythingRequest {
  /** Names the patient. */
  access: Access & { patient: string };
  params: readonly (readonly [name: string, value: string])[];
  /** The path of the operation below the base URL, for the links. */
  path: string;
}

/** The parameters of the operation, once they are parsed. */
export interface Everything {
  types: string[];
  /** Times in milliseconds since the epoch. */
  since: number | undefined;
  start: number | undefined;
  end: number | undefined;
  count: number;
  cursor: string | undefined;
  /** The parameters without the cursor. */
  used: [string, string][];
}

interface FoundRow {
  type: string;
  id: string;
  body: Text;
}

/** The rows of the compartment come first, then the shared rows that these reference. */
type Phase = 'compartment' | 'shared';

/** The place of a row in the order of all pages. */
interface Place {
  phase: Phase;
  type: string;
  id: string;
}

const allowed = ['start', 'end', '_since', '_type', '_count'];

/** @throws FhirError 400 that names the parameter */
function parseEverything(
  params: readonly (readonly [name: string, value: string])[],
  { types: readable }: Access,
): Everything {
  const { given, cursor, used, range } = readOperationParameters('$everything', allowed, params);
  const count = given.get('_count');
  const asked = given.has('_type') ? [...new Set(given.get('_type')!.split(','))] : undefined;
  for (const type of asked ?? [])
    if (!isServedType(type) || !readable.has(type))
      throw badParameter('_type', `"${type}" is not a resource type that this token reads`);
  return {
    types: asked ?? [...readable].filter(isServedType),
    since: range('_since')?.low,
    start: range('start')?.low,
    end: range('end')?.high,
    count: count === undefined ? defaultCount : parseCount(count, 1),
    cursor,
    used,
  };
}

/**
 * A page of the patient's compartment and of the shared resources that it references: the Patient first, then
 * by type and id, so that pages neither overlap nor leave gaps. `start` and `end` limit the resources that
 * have a date of care. A resource without one is always included.
 * @throws FhirError 400
 */
export async function everything(request: EverythingRequest, engine: Engine): Promise<Searchset> {
  const scratch = new Scratch();
  try {
    return await everythingPage(request, engine, scratch);
  } finally {
    scratch.release();
  }
}

interface Engine {
  pool: Database;
  baseUrl: string;
  cursors: Cursors;
  meter: Meter;
}

/** @param scratch keeps the resources until the Bundle is written */
async function everythingPage(
  { access, params, path }: EverythingRequest,
  { pool, baseUrl, cursors, meter }: Engine,
  scratch: Scratch,
): Promise<Searchset> {
  const wanted = parseEverything(params, access);
  const bound = boundText(path, access, wanted.used);
  const from = wanted.cursor === undefined ? undefined : placeOf(cursors, wanted.cursor, bound);
  const limit = wanted.count + 1;
  const own =
    from?.phase === 'shared' ? [] : await compartmentRows(pool, access, wanted, from, limit, scratch);
  const after = from?.phase === 'shared' ? from : undefined;
  const shared =
    own.length >= limit ? [] : await sharedRows(pool, access, wanted, after, limit - own.length, scratch);
  const found = scratch.keep([...own, ...shared]);
  const matches = found.slice(0, wanted.count);
  const last = matches.at(-1);
  const isMore = found.length > wanted.count && last !== undefined;
  const phase: Phase = matches.length > own.length ? 'shared' : 'compartment';
  const next = isMore ? cursors.write({ id: last.id, keys: [phase, last.type] }, bound) : undefined;
  const { used, cursor } = wanted;
  const search = {
    path,
    used,
    cursor,
    ignored: [],
    incomplete: [],
    summary: 'false' as const,
    elements: undefined,
  };
  return searchset({ search, baseUrl, matches, included: [], total: undefined, next }, new Pace(meter));
}

function placeOf(cursors: Cursors, text: string, bound: string): Place {
  const { id, keys } = cursors.read(text, bound);
  const [phase, type = ''] = keys;
  return { phase: phase as Phase, type, id };
}

async function compartmentRows(
  pool: Database,
  access: EverythingRequest['access'],
  wanted: Everything,
  after: Place | undefined,
  limit: number,
  scratch: Scratch,
): Promise<FoundRow[]> {
  const types = wanted.types.filter(isCompartmentType);
  if (types.length === 0) return [];
  const statement = new Statement();
  const { from, where } = visibleCompartment(statement, types, access, 'r');
  const order = `(r.type <> 'Patient'), r.type COLLATE "C", r.id`;
  const conditions = [where, ...sinceCondition(statement, 'r', wanted), ...careCondition(statement, wanted)];
  if (after) {
    const [type, id] = [statement.bind(after.type, '::text'), statement.bind(after.id, '::text')];
    conditions.push(`(${order}) > ((${type} <> 'Patient'), ${type} COLLATE "C", ${id})`);
  }
  return run<FoundRow>(
    pool,
    `SELECT r.type, r.id, r.body FROM ${from} WHERE ${conditions.join(' AND ')}
     ORDER BY ${order} LIMIT ${statement.bind(limit)}`,
    statement.values,
    scratch.types,
  );
}

async function sharedRows(
  pool: Database,
  access: Access,
  wanted: Everything,
  after: Place | undefined,
  limit: number,
  scratch: Scratch,
): Promise<FoundRow[]> {
  const types = wanted.types.filter((type) => definitions.referencedTypes.includes(type));
  if (types.length === 0) return [];
  const statement = new Statement();
  const selects = types.map((type) => {
    const alias = statement.alias();
    const { from, where } = visibleRows(statement, type, access, alias);
    const conditions = [where, ...sinceCondition(statement, alias, wanted)];
    return `SELECT ${alias}.type, ${alias}.id, ${alias}.body FROM ${from} WHERE ${conditions.join(' AND ')}`;
  });
  const behind = after
    ? `WHERE (f.type COLLATE "C", f.id) > (${statement.bind(after.type, '::text')} COLLATE "C", ${statement.bind(after.id, '::text')})`
    : '';
  return run<FoundRow>(
    pool,
    `SELECT f.type, f.id, f.body FROM (${selects.join(' UNION ALL ')}) AS f ${behind}
     ORDER BY f.type COLLATE "C", f.id LIMIT ${statement.bind(limit)}`,
    statement.values,
    scratch.types,
  );
}

const sinceCondition = (statement: Statement, alias: string, { since }: Everything): string[] =>
  since === undefined
    ? []
    : [`${alias}.last_updated >= ${statement.bind(new Date(since).toISOString(), '::timestamptz')}`];

function careCondition(statement: Statement, { types, start, end }: Everything): string[] {
  if (start === undefined && end === undefined) return [];
  const bind = (time: number | undefined) => statement.bind(time ?? null, '::bigint');
  return [careDateSql('r', types, bind(start), bind(end))];
}
