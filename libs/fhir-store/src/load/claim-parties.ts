import { typeDefinition } from '../definitions/definitions.js';
import { isTypeAndId, localReference } from '../index/references.js';
import type { CodeNames } from './code-tables.js';
import { memberOf, setMember, withEdits, type Edit } from './edit-text.js';
import { elementsOf } from '../json/scan.js';
import type { Enrichment } from './label-rules.js';
import { nameOfParty } from './party-names.js';

type Json = Record<string, unknown>;

/** A reference of a claim to the provider or to a member of the care team. */
interface Party {
  reference: Json;
  /** Place of the reference in the text of the claim. */
  at: number;
}

/** National Provider Identifier. */
const npi = 'http://hl7.org/fhir/sid/us-npi';

const objectOf = (value: unknown): Json | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : undefined;

/** The provider and the care team of a claim. @param text its JSON */
function partiesOf(claim: Json, text: string): Party[] {
  const found: Party[] = [];
  const add = (parent: Json, at: number) => {
    const reference = objectOf(parent.provider);
    const member = reference && memberOf(text, at, 'provider');
    if (member) found.push({ reference, at: member.start });
  };
  add(claim, 0);
  const team = claim.careTeam;
  const member = Array.isArray(team) ? memberOf(text, 0, 'careTeam') : undefined;
  if (member)
    elementsOf(text, member.start).forEach(({ start }, i) => {
      const one = objectOf((team as unknown[])[i]);
      if (one) add(one, start);
    });
  return found;
}

const isBare = (value: unknown): boolean => {
  const reference = objectOf(objectOf(value)?.provider);
  return reference !== undefined && reference.display === undefined;
};

/** Whether a resource is a claim with a provider that has no display. */
export const hasBareParty = (resource: Json): boolean =>
  resource.resourceType === 'ExplanationOfBenefit' &&
  (isBare(resource) || (Array.isArray(resource.careTeam) && resource.careTeam.some(isBare)));

/**
 * The stored resources that a reference may mean: `Type/id`, or `Type?identifier=system|value` for each type
 * that has providers.
 */
export function targetsOf(reference: Json, baseUrl: string): string[] {
  const { reference: url, identifier } = reference;
  const local = typeof url === 'string' ? localReference(url, baseUrl) : '';
  if (isTypeAndId(local)) return [local];
  const { system, value } = objectOf(identifier) ?? {};
  if (typeof system !== 'string' || typeof value !== 'string') return [];
  const types = typeof reference.type === 'string' ? [reference.type] : ['Practitioner', 'Organization'];
  return types
    .filter((type) => ['Practitioner', 'PractitionerRole', 'Organization', 'Location'].includes(type))
    .filter((type) => typeDefinition(type).parameters.identifier !== undefined)
    .map((type) => `${type}?identifier=${encodeURIComponent(`${system}|${value}`)}`);
}

/** The display of a reference whose target has no known name. */
function displayWithoutName(reference: Json): string {
  const { system, value } = objectOf(reference.identifier) ?? {};
  if (typeof value === 'string') return system === npi ? `NPI ${value}` : `Identifier ${value}`;
  const [, type, id] = /([A-Z][A-Za-z]+)\/([^/]+)$/.exec(String(reference.reference)) ?? [];
  return type === undefined ? 'Provider without a name' : `${type} ${id}`;
}

const setDisplay = (text: string, { at }: Party, name: string): Edit =>
  setMember(text, at, 'display', JSON.stringify(name));

/** The name of the contained resource that a reference means. */
function containedName(claim: Json, { reference }: Json): string | undefined {
  if (typeof reference !== 'string' || !reference.startsWith('#') || !Array.isArray(claim.contained))
    return undefined;
  const found = claim.contained.map(objectOf).find((one) => `#${String(one?.id)}` === reference);
  return found && nameOfParty(found);
}

/**
 * Gives each provider of a claim a display: its name in a table of NPIs, the name of the contained resource,
 * else its identifier or id.
 * @param claim gains the displays, too
 * @returns the changes of the text, and the stored resources that may have the missing names
 */
export function nameParties(
  claim: Json,
  text: string,
  baseUrl: string,
  names: CodeNames | undefined,
): { enrichments: Enrichment[]; unnamed: string[] } {
  const enrichments: Enrichment[] = [];
  const unnamed = new Set<string>();
  for (const party of partiesOf(claim, text)) {
    const { reference } = party;
    if (reference.display !== undefined) continue;
    const { system, value } = objectOf(reference.identifier) ?? {};
    const listed = system === npi && typeof value === 'string' ? names?.nameOf(npi, value) : undefined;
    const name = listed ?? containedName(claim, reference);
    const display = name ?? displayWithoutName(reference);
    if (name === undefined) for (const target of targetsOf(reference, baseUrl)) unnamed.add(target);
    enrichments.push({ edit: setDisplay(text, party, display), members: 1 });
    reference.display = display;
  }
  return { enrichments, unnamed: [...unnamed] };
}

/**
 * Writes the names that are known now into the text of a stored claim, in place of displays that the loader
 * made without a name.
 * @param nameOf the name of a target of {@link targetsOf}
 */
export function withPartyNames(
  text: string,
  baseUrl: string,
  nameOf: (target: string) => string | undefined,
): { text: string; unnamed: string[] } {
  const edits: Edit[] = [];
  const unnamed = new Set<string>();
  for (const party of partiesOf(JSON.parse(text) as Json, text)) {
    if (!isWithoutName(party.reference)) continue;
    const targets = targetsOf(party.reference, baseUrl);
    const name = targets.map(nameOf).find(Boolean);
    if (name === undefined) for (const target of targets) unnamed.add(target);
    else edits.push(setDisplay(text, party, name));
  }
  return { text: withEdits(text, edits), unnamed: [...unnamed] };
}

/** The stored resources that may have the missing names of a stored claim. */
export const unnamedOf = (type: string, text: string, baseUrl: string): string[] =>
  type === 'ExplanationOfBenefit' ? withPartyNames(text, baseUrl, () => undefined).unnamed : [];

const isWithoutName = (reference: Json): boolean => reference.display === displayWithoutName(reference);
