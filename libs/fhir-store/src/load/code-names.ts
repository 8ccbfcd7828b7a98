import { elementsOf, membersOf } from '../json/scan.js';
import type { CodeNames } from './code-tables.js';
import { setMember, type Edit } from './edit-text.js';
import type { Enrichment } from './label-rules.js';

type Json = Record<string, unknown>;

/** Counts codes without a name, by code system. */
export class BareCodes {
  private readonly systems = new Map<string, Map<string, number>>();

  add(system: string, code: string, count = 1): void {
    let codes = this.systems.get(system);
    if (!codes) this.systems.set(system, (codes = new Map()));
    codes.set(code, (codes.get(code) ?? 0) + count);
  }

  addAll(list: readonly BareCode[]): void {
    for (const { system, code, count } of list) this.add(system, code, count);
  }

  /** The most frequent first. */
  get all(): BareCode[] {
    return [...this.systems]
      .flatMap(([system, codes]) => [...codes].map(([code, count]) => ({ system, code, count })))
      .sort((a, b) => b.count - a.count);
  }
}

/** A code that resources have without a display. */
export interface BareCode {
  system: string;
  code: string;
  count: number;
}

/** The bare codes of each system: how many codings have them. */
export function bareBySystem(bare: readonly BareCode[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const { system, count } of bare) sums[system] = (sums[system] ?? 0) + count;
  return sums;
}

/**
 * Gives each coding without a display the name of its code, and counts the codings that stay bare.
 * @param codings of the resource; they gain displays, too
 * @param text JSON of the resource
 * @returns the changes of the text, and the number of codings that gained a display
 */
export function nameCodes(
  codings: readonly Json[],
  text: string,
  names: CodeNames | undefined,
  bare: BareCodes,
): { enrichments: Enrichment[]; count: number } {
  let named: Set<string> | undefined;
  let count = 0;
  for (const coding of codings) {
    const { system, code, display } = coding;
    if (display !== undefined || typeof system !== 'string' || typeof code !== 'string') continue;
    const name = names?.nameOf(system, code);
    if (name === undefined) bare.add(system, code);
    else {
      coding.display = name;
      count += 1;
      (named ??= new Set()).add(`${system} ${code}`);
    }
  }
  if (!named || !names) return { enrichments: [], count };
  const enrichments = codingsIn(text, 0).flatMap(({ at, system, code }) => {
    if (!named.has(`${system} ${code}`)) return [];
    const edit: Edit = setMember(text, at, 'display', JSON.stringify(names.nameOf(system, code)));
    return [{ edit, members: 1 }];
  });
  return { enrichments, count };
}

/** The objects in a text that are codings without a display: a Quantity has a value or a unit. */
function codingsIn(text: string, at: number): { at: number; system: string; code: string }[] {
  const found: { at: number; system: string; code: string }[] = [];
  const visit = (start: number) => {
    const first = text[start];
    if (first === '[') for (const element of elementsOf(text, start)) visit(element.start);
    if (first !== '{') return;
    const strings: Record<string, string> = {};
    const others = new Set<string>();
    for (const member of membersOf(text, start)) {
      if (text[member.start] === '"' && (member.key === 'system' || member.key === 'code'))
        strings[member.key] = JSON.parse(text.slice(member.start, member.end)) as string;
      else others.add(member.key);
      visit(member.start);
    }
    const { system, code } = strings;
    if (
      system !== undefined &&
      code !== undefined &&
      !['display', 'value', 'unit'].some((key) => others.has(key))
    )
      found.push({ at: start, system, code });
  };
  visit(at);
  return found;
}
