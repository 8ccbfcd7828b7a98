import { membersOf, type Member } from '../json/scan.js';

/** Text to write into JSON text: in place of what is between two places, or between two characters. */
export interface Edit {
  start: number;
  end: number;
  text: string;
}

/** The text with all edits, which must not overlap. */
export function withEdits(text: string, edits: readonly Edit[]): string {
  let result = '';
  let at = 0;
  for (const edit of [...edits].sort((a, b) => a.start - b.start)) {
    result += text.slice(at, edit.start) + edit.text;
    at = edit.end;
  }
  return result + text.slice(at);
}

/**
 * Writes a member into the object that begins at `at`: in place of its value, or behind the last member.
 * @param value as JSON
 */
export function setMember(text: string, at: number, name: string, value: string): Edit {
  const members = membersOf(text, at);
  const known = members.find(({ key }) => key === name);
  if (known) return { start: known.start, end: known.end, text: value };
  const behind = members.at(-1)?.end ?? text.indexOf('{', at) + 1;
  return { start: behind, end: behind, text: `${members.length > 0 ? ',' : ''}"${name}":${value}` };
}

/** The member of the object that begins at `at`, by its name. */
export const memberOf = (text: string, at: number, name: string): Member | undefined =>
  membersOf(text, at).find(({ key }) => key === name);
