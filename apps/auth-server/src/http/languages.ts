import { environments } from '@payer/smart';
import { languageCookie, languageCookieOptions, languageOf, languageSwitchOf, Texts } from '@payer/ui';
import type { IncomingHttpHeaders } from 'node:http';
import type { FastifyInstance, FastifyRequest } from 'fastify';

/** Pages for members. Every other path takes its parameters from apps. */
const pagesPath = new RegExp(`^/(${environments.join('|')})/(interaction/|second-factor|end-session)`);

/**
 * The texts of a page. Sign-in pages show no times, so they do not need the plan's time zone.
 * @param uiLocales of the authorization request
 */
export function textsFor(request: FastifyRequest, uiLocales?: unknown): Texts {
  return new Texts(languageOf(request, uiLocales), 'UTC');
}

/**
 * Same as {@link textsFor}, for requests that the engine answers. Their cookies are not parsed.
 * @param headers of the request
 */
export function textsForHeaders(headers: IncomingHttpHeaders, uiLocales?: unknown): Texts {
  const chosen = new RegExp(`(?:^|;\\s*)${languageCookie}=(\\w+)`).exec(headers.cookie ?? '')?.[1];
  return new Texts(languageOf({ cookies: { [languageCookie]: chosen }, headers }, uiLocales), 'UTC');
}

/** Answers the language switch of every page: stores the choice, and redirects to the page. */
export function answerLanguageSwitch(fastify: FastifyInstance, publicUrl: string): void {
  const options = languageCookieOptions(publicUrl.startsWith('https:'));
  fastify.addHook('onRequest', (request, reply, done) => {
    const url = request.raw.url ?? '/';
    if (request.method !== 'GET' || !pagesPath.test(url)) return done();
    const chosen = languageSwitchOf(url);
    if (!chosen) return done();
    void reply.setCookie(languageCookie, chosen.language, options);
    void reply.header('cache-control', 'no-store').redirect(chosen.location, 303);
  });
}
