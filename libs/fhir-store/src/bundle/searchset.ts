import { randomUUID } from 'node:crypto';
import type { Text } from '../postgres/database.js';
import { concat, type Pauses } from './concat.js';
import { subset, type Subset } from './subset.js';

/** A searchset Bundle. */
export interface Searchset {
  json: Text;
  /** Number of resources in the Bundle: matches and included resources. */
  resources: number;
}

interface Resource {
  type: string;
  id: string;
  /** As it is stored. */
  body: Text;
}

/** One page of a search's answer. */
export interface Page {
  search: Subset & {
    path: string;
    used: [string, string][];
    cursor: string | undefined;
    ignored: string[];
    /** Search parameters, as `Type?code`, by which not all resources are indexed yet. */
    incomplete: string[];
  };
  baseUrl: string;
  matches: readonly Resource[];
  included: readonly Resource[];
  total: number | undefined;
  /** The cursor of the next page; undefined on the last page. */
  next: string | undefined;
}

/** Writes a page as a searchset Bundle (FHIR R4 §3.1.1.1). Resources are written as they are stored. */
export async function searchset(page: Page, pauses: Pauses): Promise<Searchset> {
  const { search, baseUrl, matches, included, total } = page;
  const count = total === undefined ? '' : `,"total":${total}`;
  const parts: Text[] = [];
  // Stored ids have letters, digits, hyphens and dots only, and need no escapes.
  const base = JSON.stringify(baseUrl).slice(1, -1);
  // The text before the next resource: one long part costs less than several short ones.
  let text = `{"resourceType":"Bundle","type":"searchset"${count},"link":${JSON.stringify(linksOf(page))}`;
  let separator = ',"entry":[';
  const addAll = async (resources: readonly Resource[], part: Subset, mode: 'match' | 'include') => {
    for (const { type, id, body } of resources) {
      if (pauses.isDue) await pauses.yield();
      parts.push(
        `${text}${separator}{"fullUrl":"${base}/${type}/${id}","resource":`,
        subset(type, body, part),
      );
      text = `,"search":{"mode":"${mode}"}}`;
      separator = ',';
    }
  };
  await addAll(matches, search, 'match');
  // `_elements` applies to the matches only (FHIR R4 §3.1.1.5.9).
  await addAll(included, { summary: search.summary, elements: undefined }, 'include');
  const issues = [...search.ignored.map(ignoredIssue), ...search.incomplete.map(incompleteIssue)];
  if (issues.length > 0) {
    text += separator + outcomeEntry(issues);
    separator = ',';
  }
  parts.push(text + (separator === ',' ? ']}' : '}'));
  return { json: await concat(parts, pauses), resources: matches.length + included.length };
}

function linksOf({ search, baseUrl, next }: Page): { relation: string; url: string }[] {
  const { path, used, cursor } = search;
  const query = new URLSearchParams(used).toString();
  const urlAt = (at: string | undefined) => {
    const text = at === undefined ? query : withCursor(query, at);
    return `${baseUrl}/${path}${text ? `?${text}` : ''}`;
  };
  const self = { relation: 'self', url: urlAt(cursor) };
  return next === undefined ? [self] : [self, { relation: 'next', url: urlAt(next) }];
}

const withCursor = (query: string, cursor: string): string =>
  `${query}${query ? '&' : ''}${new URLSearchParams({ _cursor: cursor }).toString()}`;

/** A warning about an ignored parameter, for the developer of the app (FHIR R4 §3.1.1.4.1). */
const ignoredIssue = (text: string) => warning('not-supported', `Ignored: ${text}`);

/** A warning about a parameter by which older resources are not found yet. */
const incompleteIssue = (parameter: string) =>
  warning(
    'incomplete',
    `${parameter} is new here: resources that were loaded before are not indexed by it yet, so the answer may lack some of them. Ask again later.`,
  );

const warning = (code: 'not-supported' | 'incomplete', text: string) => ({
  severity: 'warning',
  code,
  details: { text },
  diagnostics: text,
});

/** Every entry of a searchset has a fullUrl (FHIR R4 §2.36, Bundle.entry.fullUrl). */
function outcomeEntry(issue: readonly ReturnType<typeof warning>[]): string {
  const outcome = { resourceType: 'OperationOutcome', issue };
  return `{"fullUrl":"urn:uuid:${randomUUID()}","resource":${JSON.stringify(outcome)},"search":{"mode":"outcome"}}`;
}
