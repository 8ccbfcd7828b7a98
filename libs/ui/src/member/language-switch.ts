import { isLanguage, type Language } from '../texts/texts.js';

/** Query parameter of the language switch, which every page has. */
export const languageParameter = 'lang';

/** A member's choice of language by the switch, and the address of the same page without the parameter. */
export interface LanguageSwitch {
  language: Language;
  /** Path and query on the same origin. */
  location: string;
}

/**
 * Reads the switch from the address of a request.
 * @param url path and query, as requested
 */
export function languageSwitchOf(url: string): LanguageSwitch | undefined {
  const [path = '/', query = ''] = url.split('?', 2);
  const parameters = new URLSearchParams(query);
  const language = parameters.get(languageParameter);
  if (!isLanguage(language)) return undefined;
  parameters.delete(languageParameter);
  // A path that begins with two slashes would lead to another host.
  const own = path.replace(/^[/\\]+/, '/');
  return { language, location: parameters.size > 0 ? `${own}?${parameters}` : own };
}
