import {
  languageCookie,
  languageCookieOptions,
  languageOf,
  languageSwitchOf,
  Texts,
  type Language,
} from '@payer/ui';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Config } from '../config.js';

const isSecure = (config: Config) => config.CONSENT_URL.startsWith('https:');

/** The texts of a page, in the language of this request and the plan's time zone. */
export function textsFor(request: FastifyRequest, { PLAN_TIME_ZONE }: Config): Texts {
  return new Texts(languageOf(request), PLAN_TIME_ZONE);
}

/** Stores the language for the next pages. */
export function keepLanguage(reply: FastifyReply, language: Language, config: Config): void {
  void reply.setCookie(languageCookie, language, languageCookieOptions(isSecure(config)));
}

/** Answers the language switch of every page: stores the choice, and redirects to the page. */
export function answerLanguageSwitch(fastify: FastifyInstance, config: Config): void {
  fastify.addHook('onRequest', async (request, reply) => {
    const chosen = request.method === 'GET' ? languageSwitchOf(request.raw.url ?? '/') : undefined;
    if (!chosen) return;
    keepLanguage(reply, chosen.language, config);
    return reply.header('cache-control', 'no-store').redirect(chosen.location, 303);
  });
}
