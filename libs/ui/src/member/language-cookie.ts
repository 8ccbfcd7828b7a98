import { chooseLanguage } from '../texts/choose-language.js';
import type { Language } from '../texts/texts.js';

/** Cookie that stores a member's choice of language. */
export const languageCookie = 'language';

/** One year in seconds. */
const choiceLifetime = 365 * 24 * 3600;

/**
 * Attributes of the language cookie.
 * @param secure whether the service is reached by https
 */
export const languageCookieOptions = (secure: boolean) => ({
  path: '/',
  httpOnly: true,
  sameSite: 'lax' as const,
  secure,
  maxAge: choiceLifetime,
});

/** The parts of a request that indicate the reader's language. */
interface LanguageRequest {
  cookies: Readonly<Record<string, string | undefined>>;
  headers: { 'accept-language'?: string };
}

/**
 * The language of a page for this request.
 * @param uiLocales of the authorization request, if any
 */
export function languageOf({ cookies, headers }: LanguageRequest, uiLocales?: unknown): Language {
  return chooseLanguage({
    chosen: cookies[languageCookie],
    uiLocales,
    acceptLanguage: headers['accept-language'],
  });
}
