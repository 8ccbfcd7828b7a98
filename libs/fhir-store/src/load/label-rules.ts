import { elementsOf } from '../json/scan.js';
import { formOf } from './code-tables.js';
import { memberOf, type Edit } from './edit-text.js';

type Json = Record<string, unknown>;

/** Codes that make a resource sensitive. Plain data, because it is copied to threads. */
export interface LabelRule {
  /** Code system of the codes. */
  system: string;
  /** The codes; `F10*` stands for all that begin with it. */
  codes: readonly string[];
  /** Code of the label in `meta.security`, in {@link labelSystem}. */
  label: string;
}

/** HL7's code system of sensitivity labels. */
const labelSystem = 'http://terminology.hl7.org/CodeSystem/v3-ActCode';

interface SystemRules {
  exact: Map<string, string[]>;
  /** The longest first, each with its labels. */
  prefixes: [prefix: string, label: string][];
}

/** Finds the labels of codes. */
export class LabelRules {
  private readonly systems = new Map<string, SystemRules>();

  constructor(rules: readonly LabelRule[]) {
    for (const { system, codes, label } of rules) {
      const own = this.systems.get(system) ?? { exact: new Map<string, string[]>(), prefixes: [] };
      this.systems.set(system, own);
      for (const code of codes)
        if (code.endsWith('*')) own.prefixes.push([formOf(system, code.slice(0, -1)), label]);
        else own.exact.set(formOf(system, code), [...(own.exact.get(formOf(system, code)) ?? []), label]);
    }
  }

  /** Codes of labels for the codings of a resource, each once, in the order of the alphabet. */
  labelsOf(codings: readonly Json[]): string[] {
    let labels: Set<string> | undefined;
    for (const { system, code } of codings) {
      const rules = this.systems.get(system as string);
      if (!rules || typeof code !== 'string') continue;
      const form = formOf(system as string, code);
      for (const label of rules.exact.get(form) ?? []) (labels ??= new Set()).add(label);
      for (const [prefix, label] of rules.prefixes)
        if (form.startsWith(prefix)) (labels ??= new Set()).add(label);
    }
    return labels ? [...labels].sort() : [];
  }
}

/** A label without a system counts, as it does when records are withheld. */
const isLabelSystem = (system: unknown) => system === undefined || system === labelSystem;

/** A change of the text of a resource. */
export interface Enrichment {
  edit: Edit;
  /** Number of members of objects that it adds. */
  members: number;
}

/**
 * Adds labels to `meta.security` (FHIR R4 §6.1.1), except those that the resource has.
 * @param resource gains the labels, too
 * @param text its JSON, an object with an id
 */
export function addLabels(resource: Json, text: string, labels: readonly string[]): Enrichment | undefined {
  const meta = resource.meta as Json | undefined;
  if (meta !== undefined && (typeof meta !== 'object' || meta === null || Array.isArray(meta)))
    return undefined;
  const security = meta?.security;
  const known = Array.isArray(security) ? (security as Json[]) : [];
  const added = labels
    .filter((code) => !known.some((one) => one?.code === code && isLabelSystem(one.system)))
    .map((code) => ({ system: labelSystem, code }));
  if (added.length === 0) return undefined;
  const written = added.map((label) => JSON.stringify(label)).join();
  const members = 2 * added.length;
  resource.meta = { ...meta, security: [...known, ...added] };
  if (!meta) {
    const behind = memberOf(text, 0, 'id')!.end;
    const edit = { start: behind, end: behind, text: `,"meta":{"security":[${written}]}` };
    return { edit, members: members + 2 };
  }
  const start = memberOf(text, 0, 'meta')!.start;
  const there = memberOf(text, start, 'security');
  if (!there) {
    // Behind the opening bracket, because an empty `meta` needs no comma.
    const comma = Object.keys(meta).length > 0 ? ',' : '';
    const edit = { start: start + 1, end: start + 1, text: `"security":[${written}]${comma}` };
    return { edit, members: members + 1 };
  }
  const last = Array.isArray(security) ? elementsOf(text, there.start).at(-1) : undefined;
  return last
    ? { edit: { start: last.end, end: last.end, text: `,${written}` }, members }
    : { edit: { start: there.start, end: there.end, text: `[${written}]` }, members };
}
