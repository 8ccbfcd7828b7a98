import { Inject, Injectable } from '@nestjs/common';
import { environmentPath, type Environment } from '@payer/smart';
import { contentSecurityPolicy } from '@payer/ui';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { errors, type Provider } from 'oidc-provider';
import { CONFIG } from '@payer/service';
import type { Config } from '../config.js';
import { Providers } from '../provider/providers.js';
import { renderOutOfDatePage, renderStartAgainPage } from './sign-in-page.js';

export type InteractionDetails = Awaited<ReturnType<Provider['interactionDetails']>>;

/** Routes of one interaction: the steps between the app's request and its code. */
export const interactionPath = `${environmentPath}/interaction/:uid`;

/** The engine's interactions, and the answers that every step of one may give. */
@Injectable()
export class Interactions {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly providers: Providers,
  ) {}

  /** The interaction of this browser, or undefined when a page has said what is wrong. */
  async find(
    environment: Environment,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<InteractionDetails | undefined> {
    try {
      const details = await this.providers.of(environment).interactionDetails(request.raw, reply.raw);
      if (details.uid === (request.params as { uid: string }).uid) return details;
    } catch (error) {
      if (!(error instanceof errors.SessionNotFound)) throw error;
    }
    const { managementUrl } = this.config.addresses[environment];
    void reply.code(400);
    await this.send(reply, renderOutOfDatePage(this.config.PLAN_NAME, environment, managementUrl));
    return undefined;
  }

  async resume(
    environment: Environment,
    request: FastifyRequest,
    reply: FastifyReply,
    result: Parameters<Provider['interactionResult']>[2],
  ) {
    const provider = this.providers.of(environment);
    const returnTo = await provider.interactionResult(request.raw, reply.raw, result, {
      mergeWithLastSubmission: true,
    });
    return redirect(reply, returnTo);
  }

  problem(reply: FastifyReply, environment: Environment, status: number, whatHappened: string) {
    void reply.code(status);
    return this.send(reply, renderStartAgainPage(this.config.PLAN_NAME, environment, whatHappened));
  }

  /** Forms here lead, by redirects, to consent and to apps, so their targets cannot be listed. */
  send(reply: FastifyReply, page: string) {
    return reply
      .type('text/html; charset=utf-8')
      .header('content-security-policy', contentSecurityPolicy())
      .header('cache-control', 'no-store')
      .send(page);
  }
}

export function redirect(reply: FastifyReply, location: string) {
  return reply.header('cache-control', 'no-store').redirect(location, 303);
}
