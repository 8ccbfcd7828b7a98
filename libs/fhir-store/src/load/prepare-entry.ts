import { binaryType } from '../definitions/definitions.js';
import { checkStructure, type Walked } from '../structure/check-structure.js';
import type { StructureFindings } from '../structure/findings.js';
import { unresolvedIn, type Resolutions } from './conditional-references.js';
import { enrich, unchanged, type Enriched, type EnrichmentSettings } from './enrich.js';
import type { NewestTimes } from './data-age.js';
import { prepareBinary, type PreparedBinary } from './prepare-binary.js';
import { prepare, refusedType, tooDeep, type Prepared } from './prepare.js';
import { notJson, objectOf, type Document } from './read-documents.js';
import { refusal, type Refusal } from './refusal.js';

type Json = Record<string, unknown>;

export type PreparedEntry =
  /**
   * `conditions`: those of its references that match nothing yet, for which it waits. `text`: what is kept
   * meanwhile.
   */
  | { prepared: Prepared; text: string; conditions: string[]; isLabelled: boolean }
  | { binary: PreparedBinary }
  | { exists: string }
  | { deleted: { type: string; id: string } }
  /**
   * `spoils`: the transaction around it is refused. A type that this server does not serve is left out
   * instead.
   */
  | (Refusal & { spoils: boolean; text: string | undefined });

export interface EntrySettings extends EnrichmentSettings {
  resolutions: Resolutions;
  /** Whether a problem in the structure of a resource refuses it. All are counted. */
  refusesStructure: boolean;
  findings: StructureFindings;
  newest: NewestTimes;
}

/** Checks an entry and extracts its index values. */
export function prepareEntry(entry: Document['entries'][number], settings: EntrySettings): PreparedEntry {
  if ('reason' in entry) return { ...refusal(entry.kind, entry.reason), text: entry.text, spoils: true };
  if ('exists' in entry) return { exists: entry.exists };
  if ('deleted' in entry) {
    const refused = refusedType(entry.deleted.type);
    return refused ? { ...refused, text: undefined, spoils: false } : { deleted: entry.deleted };
  }
  const { text } = entry;
  const refuse = (refused: Refusal, spoils = true) => ({ ...refused, text, spoils });
  let resource: Json | undefined;
  try {
    resource = entry.parsed ?? objectOf(JSON.parse(text));
  } catch (error) {
    return refuse(refusal('not-json', notJson(text, error)));
  }
  if (!resource) return refuse(refusal('not-a-resource', 'is not a resource: a JSON object is expected'));
  const refusedOne = refusedType(resource.resourceType);
  if (refusedOne) return refuse(refusedOne, refusedOne.kind !== 'type-not-served');
  const made = prepareResource(text, resource, settings);
  return 'reason' in made ? refuse(made) : made;
}

function prepareResource(
  text: string,
  resource: Json,
  settings: EntrySettings,
): Exclude<PreparedEntry, Refusal> | Refusal {
  const { baseUrl, resolutions, refusesStructure, findings, newest } = settings;
  const type = String(resource.resourceType);
  const name = `${type}/${String(resource.id)}`;
  const unresolved = unresolvedIn(text, resolutions);
  const unresolvable = unresolved.find(({ reason }) => reason !== undefined)?.reason;
  if (unresolvable) return refusal('conditional-reference', `${name}: ${unresolvable}`);
  const completed = complete(name, text, resource, settings);
  if ('reason' in completed) return completed;
  const { walked, enriched } = completed;
  const checked =
    type === binaryType
      ? prepareBinary(text, resource, baseUrl)
      : prepare(enriched.text, enriched.resource, baseUrl, knownOf(enriched.walked));
  const { problems } = walked;
  if (problems.length > 0) {
    findings.addResource(resource, problems);
    const [{ element, problem } = { element: '', problem: '' }] = problems;
    const others = problems.length > 1 ? ` (and ${problems.length - 1} more)` : '';
    // An id that is no id, or a member that is there twice, says more than what follows from it.
    const isOther = 'reason' in checked && checked.kind !== 'no-member' && checked.kind !== 'structure';
    if (refusesStructure && !isOther) return refusal('structure', `${name}: ${element} ${problem}${others}`);
  }
  if ('reason' in checked) return checked;
  newest.note(resource);
  if ('content' in checked) return { binary: checked };
  const { isLabelled, unnamed } = enriched;
  const conditions = unresolved.map(({ condition }) => condition);
  return { prepared: { ...checked, unnamed }, text: enriched.ownText, conditions, isLabelled };
}

const knownOf = ({ members, references }: Walked) =>
  members === undefined ? undefined : { members, references };

/** Checks the structure of a resource, and completes it. */
function complete(
  name: string,
  text: string,
  resource: Json,
  settings: EntrySettings,
): { walked: Walked; enriched: Enriched } | Refusal {
  try {
    const walked = checkStructure(resource, text);
    const isRefused = walked.problems.length > 0 && settings.refusesStructure;
    const isComplete = isRefused || resource.resourceType === binaryType;
    const enriched = isComplete
      ? unchanged(resource, text, walked)
      : enrich(resource, text, walked, settings);
    return { walked, enriched };
  } catch (error) {
    return tooDeep(name, error);
  }
}
