import { checkStructure, type Walked } from '../structure/check-structure.js';
import { hasBareParty, nameParties } from './claim-parties.js';
import { nameCodes, type BareCodes } from './code-names.js';
import type { CodeNames } from './code-tables.js';
import { withEdits } from './edit-text.js';
import { isLabelledType } from './label-references.js';
import { addLabels, type Enrichment, type LabelRules } from './label-rules.js';

type Json = Record<string, unknown>;

/** The rules by which a load completes resources. */
export interface EnrichmentSettings {
  baseUrl: string;
  labelRules: LabelRules;
  /** The plan's own tables of names; undefined without any. */
  names: CodeNames | undefined;
  /** Counts codes that stay without a name. */
  bare: BareCodes;
}

/** A resource as it is stored, after the load has completed it. */
export interface Enriched {
  resource: Json;
  text: string;
  /**
   * The text with its labels and the names of its codes, without the names of providers. A resource that
   * waits is kept so: the load that stores it may have other rules and names.
   */
  ownText: string;
  walked: Walked;
  /** The stored resources that may name a provider of the claim, as `targetsOf` writes them. */
  unnamed: string[];
  /** Whether the codes of the resource made it sensitive. */
  isLabelled: boolean;
}

/** A resource that stays as it was given. */
export const unchanged = (resource: Json, text: string, walked: Walked): Enriched => ({
  resource,
  text,
  ownText: text,
  walked,
  unnamed: [],
  isLabelled: false,
});

/**
 * Completes a resource: labels of sensitivity by its codes, names beside codes, and names beside the
 * providers of a claim. An element that the source has given stays as it is.
 */
export function enrich(
  resource: Json,
  text: string,
  walked: Walked,
  { baseUrl, labelRules, names, bare }: EnrichmentSettings,
): Enriched {
  // Without an id the resource is refused.
  if (typeof resource.id !== 'string') return unchanged(resource, text, walked);
  const named = nameCodes(walked.codings, text, names, bare);
  const { enrichments } = named;
  // Outside of what the walk has seen, such as below an element that R4 does not have.
  const isPartial = enrichments.length !== named.count;
  const labels = isLabelledType(String(resource.resourceType)) ? labelRules.labelsOf(walked.codings) : [];
  const labelled = labels.length > 0 ? addLabels(resource, text, labels) : undefined;
  if (labelled) enrichments.push(labelled);
  const own = enrichments.map(({ edit }) => edit);
  const parties = hasBareParty(resource) ? nameParties(resource, text, baseUrl, names) : undefined;
  enrichments.push(...(parties?.enrichments ?? []));
  if (enrichments.length === 0) return unchanged(resource, text, walked);
  const written = withEdits(
    text,
    enrichments.map(({ edit }) => edit),
  );
  const unnamed = parties?.unnamed ?? [];
  const isLabelled = labelled !== undefined;
  const ownText = enrichments.length === own.length ? written : withEdits(text, own);
  const completed = { text: written, ownText, unnamed, isLabelled };
  if (!isPartial) return { ...completed, resource, walked: more(walked, membersAdded(enrichments)) };
  const parsed = JSON.parse(written) as Json;
  return { ...completed, resource: parsed, walked: checkStructure(parsed, written) };
}

const membersAdded = (enrichments: readonly Enrichment[]) =>
  enrichments.reduce((sum, { members }) => sum + members, 0);

const more = (walked: Walked, added: number): Walked => ({
  ...walked,
  members: walked.members === undefined ? undefined : walked.members + added,
});
