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
    .header('content-security-policy', memberPagePolicy())
    .header('cache-control', 'no-store')
    .send(html);
}

/**
 * Reports a failed step that has shared no data.
 * @param next the advice to the member; default: go back to the app
 */
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

/**
 * Reports a consent request that has expired, was used before, or belongs to another browser. Names no
 * person.
 */
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
