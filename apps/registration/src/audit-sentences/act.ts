import { environmentRules, type ActorRole, type Environment } from '@payer/smart';
import { nothing, say, type Name, type Sentence } from './sentence.js';

/**
 * One act of the audit trail, or of the history of an organization, with the names that its reader may see.
 */
export interface Act {
  action: string;
  actor_role: ActorRole;
  /** Null when the actor is unknown, or is not named to this reader. */
  actor: string | null;
  app: Name | null;
  /** The member it is about, if an act is about one. */
  sub: string | null;
  organization: string | null;
  environment: Environment | null;
  detail: Readonly<Record<string, unknown>>;
}

const withoutName: Record<ActorRole, string> = {
  member: 'A member',
  developer: 'A developer',
  platform: 'The platform team',
  app: 'An app',
  system: 'The system',
  unknown: 'Somebody unknown',
};

/** The subject of the sentence. */
export function whoOf({ actor, actor_role: role, app }: Act): Sentence {
  if (role === 'app') return app ? say`The app ${app}` : [withoutName.app];
  if (actor === null || role === 'system') return [withoutName[role]];
  if (role === 'member') return say`Member ${actor}`;
  return role === 'platform' ? say`${actor} of the platform team` : say`${actor}`;
}

/** The actor inside a sentence. */
export function whomOf(act: Act): Sentence {
  const [first, ...rest] = whoOf(act);
  // An email at the start is a name, and keeps its letters.
  return typeof first === 'string' && first
    ? [first.charAt(0).toLowerCase() + first.slice(1), ...rest]
    : whoOf(act);
}

export const appOf = ({ app }: Act): Sentence => (app ? say`${app}` : ['an app']);

export const organizationOf = ({ organization }: Act): Sentence =>
  organization ? say`${organization}` : ['the organization'];

/** The member whose grant or data it is. A member who acts for himself is not named again. */
export const memberOf = ({ sub }: Act): Sentence => (sub ? say`member ${sub}` : ['a member']);

/** A value of the record as text. Empty when the record does not have it. */
export function valueOf({ detail }: Act, name: string): string {
  const value = detail[name];
  if (value === undefined || value === null) return '';
  return Array.isArray(value) ? value.join(', ') : String(value);
}

/** A value of the record as a name, or other words when the record does not have it. */
export function named(act: Act, name: string, otherwise: string): Sentence {
  const value = valueOf(act, name);
  return value === '' ? [otherwise] : [{ text: value }];
}

/** `before`, a value of the record and `after`; nothing when the record does not have the value. */
export function withValue(act: Act, before: string, name: string, after = ''): Sentence {
  const value = valueOf(act, name);
  return value === '' ? nothing : [before, { text: value }, after];
}

const instant = new Intl.DateTimeFormat('en-US', { dateStyle: 'long', timeStyle: 'short', timeZone: 'UTC' });

/** As {@link withValue}, for an instant. */
export function withInstant(act: Act, before: string, name: string): Sentence {
  const at = Date.parse(valueOf(act, name));
  return Number.isNaN(at) ? nothing : [`${before}${instant.format(at)} UTC`];
}

/** Names of the changed members of an object in the record. */
export function changedNames({ detail }: Act): string {
  const { changed } = detail;
  if (typeof changed === 'string') return changed;
  return changed && typeof changed === 'object' ? Object.keys(changed).join(', ') : '';
}

/** Where it happened, if the record says so. */
export const placeOf = ({ environment }: Act): string =>
  environment ? environmentRules[environment].title : '';
