import type { Environment } from '@payer/smart';
import { memberPagePolicy, renderMemberMessage, type TextKey } from '@payer/ui';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ComponentChildren } from 'preact';
import type { Config } from '../config.js';
import { textsFor } from './languages.js';

export function sendPage(reply: FastifyReply, html: string, status = 200) {
  return reply
    .code(status)
    .type('text/html; charset=utf-8')
    .header('content-security-policy', memberPagePolicy)
    .header('cache-control', 'no-store')
    .send(html);
}

/** A step that went wrong, by which nothing was shared. @param next what to do now; by default, go back to the app */
export function sendProblem(
  request: FastifyRequest,
  reply: FastifyReply,
  config: Config,
  environment: Environment,
  problem: TextKey,
  next?: ComponentChildren,
) {
  const texts = textsFor(request, config);
  const page = { texts, planName: config.PLAN_NAME, environment, title: texts.t('error.startAgain') };
  const html = renderMemberMessage(page, texts.t(problem), next ?? texts.t('error.backToApp'));
  return sendPage(reply, html, 400);
}

/** For a consent request that is too old, was used before, or was not made for this browser. Names nobody. */
export function sendExpiredRequest(
  request: FastifyRequest,
  reply: FastifyReply,
  config: Config,
  environment: Environment,
) {
  const texts = textsFor(request, config);
  const page = { texts, planName: config.PLAN_NAME, environment, title: texts.t('error.startAgain') };
  const html = renderMemberMessage(page, texts.t('error.expiredRequest'), texts.t('error.nothingShared'));
  return sendPage(reply, html, 400);
}
