import Negotiator from 'negotiator';
import { isLanguage, languageTags, type Language } from './texts.js';

/** Preferences for a language, the strongest first. Each may be absent or name unknown languages. */
export interface LanguageWishes {
  /** The member's own choice by the switch. */
  chosen?: unknown;
  /** `ui_locales` of the authorization request (OpenID Connect Core §3.1.2.1): tags, separated by spaces. */
  uiLocales?: unknown;
  /** The browser's `Accept-Language` header (RFC 9110 §12.5.4). */
  acceptLanguage?: unknown;
}

/**
 * The language of a page: the member's choice, otherwise the app's, otherwise the browser's, otherwise
 * English.
 */
export function chooseLanguage({ chosen, uiLocales, acceptLanguage }: LanguageWishes): Language {
  if (isLanguage(chosen)) return chosen;
  return (
    bestOf(inOrder(uiLocales)) ?? bestOf(typeof acceptLanguage === 'string' ? acceptLanguage : '') ?? 'en'
  );
}

/**
 * Turns tags in order of preference into an `Accept-Language` header, in which order alone has no meaning.
 */
function inOrder(uiLocales: unknown): string {
  if (typeof uiLocales !== 'string') return '';
  const tags = uiLocales.trim().split(/\s+/).slice(0, 20);
  return tags.map((tag, index) => `${tag};q=${(1 - index / 100).toFixed(2)}`).join(',');
}

function bestOf(header: string): Language | undefined {
  // A bare `*` prefers no language, and an empty header would accept every language.
  if (header === '' || header.trim() === '*') return undefined;
  const [best] = new Negotiator({ headers: { 'accept-language': header } }).languages(languageTags);
  return isLanguage(best) ? best : undefined;
}
