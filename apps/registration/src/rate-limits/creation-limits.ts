import { Inject, Injectable } from '@nestjs/common';
import {
  CONFIG,
  networkOf,
  RateLimiter,
  takeAll,
  TooManyRequests,
  type RateLimitVerdict,
} from '@payer/service';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Config } from '../config.js';
import type { Actor } from '../sessions/actor.js';

/**
 * Creation limits of this process. A request counts after its body was validated, because cheap refusals need
 * no limit. Each method sets the header fields of the answer.
 */
@Injectable()
export class CreationLimits {
  private readonly signUps: RateLimiter;
  private readonly appsOfAddress: RateLimiter;
  private readonly appsOfDeveloper: RateLimiter;
  private readonly logos: RateLimiter;
  private readonly resets: RateLimiter;
  private readonly registrations: RateLimiter;
  private readonly trials: RateLimiter;
  private readonly trialActs: RateLimiter;
  private readonly passkeys: RateLimiter;
  private readonly liveViews: RateLimiter;
  private readonly webhooks: RateLimiter;

  constructor(@Inject(CONFIG) config: Config) {
    this.signUps = new RateLimiter('sign-up-per-address', config.SIGN_UP_LIMIT_PER_ADDRESS);
    this.appsOfAddress = new RateLimiter('app-per-address', config.APP_LIMIT_PER_ADDRESS);
    this.appsOfDeveloper = new RateLimiter('app-per-developer', config.APP_LIMIT_PER_DEVELOPER);
    this.logos = new RateLimiter('logo-per-developer', config.APP_LIMIT_PER_DEVELOPER);
    this.resets = new RateLimiter('reset-per-address', config.RESET_LIMIT_PER_ADDRESS);
    this.passkeys = new RateLimiter('passkey-per-address', config.SIGN_UP_LIMIT_PER_ADDRESS);
    this.trials = new RateLimiter('try-it-per-address', config.TRY_IT_LIMIT_PER_ADDRESS);
    this.trialActs = new RateLimiter('try-it-act-per-address', config.TRY_IT_LIMIT_PER_ADDRESS);
    this.liveViews = new RateLimiter('live-view-per-developer', config.LIVE_VIEW_LIMIT_PER_DEVELOPER);
    this.webhooks = new RateLimiter('webhook-message-per-app', config.WEBHOOK_LIMIT_PER_APP);
    this.registrations = new RateLimiter('registration-per-address', config.REGISTRATION_LIMIT_PER_ADDRESS);
  }

  /** @throws TooManyRequests */
  takeSignUp(request: FastifyRequest, reply: FastifyReply): void {
    answerWith(reply, takeAll([[this.signUps, networkOf(request.ip)]]), 'sign-ups from your network');
  }

  /** @throws TooManyRequests */
  takeApp(actor: Actor, request: FastifyRequest, reply: FastifyReply): void {
    const verdict = takeAll([
      [this.appsOfAddress, networkOf(request.ip)],
      [this.appsOfDeveloper, actor.id],
    ]);
    answerWith(reply, verdict, 'new apps');
  }

  /** Drawing a logo costs processor time, so uploads are limited as new apps are. @throws TooManyRequests */
  takeLogo(actor: Actor, reply: FastifyReply): void {
    answerWith(reply, takeAll([[this.logos, actor.id]]), 'uploads of logos');
  }

  /** Each refused passkey is an entry of the audit trail, so they are limited. @throws TooManyRequests */
  takePasskey(request: FastifyRequest, reply: FastifyReply): void {
    const verdict = takeAll([[this.passkeys, networkOf(request.ip)]]);
    answerWith(reply, verdict, 'sign-ins with a passkey from your network');
  }

  /** @throws TooManyRequests */
  takeReset(request: FastifyRequest, reply: FastifyReply): void {
    const verdict = takeAll([[this.resets, networkOf(request.ip)]]);
    answerWith(reply, verdict, 'requests for a new password from your network');
  }

  /** @throws TooManyRequests */
  takeTrial(request: FastifyRequest, reply: FastifyReply): void {
    const verdict = takeAll([[this.trials, networkOf(request.ip)]]);
    answerWith(reply, verdict, 'trials from your network');
  }

  /**
   * A further request of a run, also by a visitor without an account. Each holds a database connection until
   * auth-server answers, so a flood would leave none to the other pages. @throws TooManyRequests
   */
  takeTrialAct(request: FastifyRequest, reply: FastifyReply): void {
    const verdict = takeAll([[this.trialActs, networkOf(request.ip)]]);
    answerWith(reply, verdict, 'requests of trials from your network');
  }

  /** Bounds the live views that one developer holds open. @throws TooManyRequests */
  takeLiveView(actor: Actor, reply: FastifyReply): void {
    answerWith(reply, takeAll([[this.liveViews, actor.id]]), 'questions of your live views');
  }

  /** Messages on request wait in the same queue as those of events. @throws TooManyRequests */
  takeWebhook(clientId: string, reply: FastifyReply): void {
    answerWith(
      reply,
      takeAll([[this.webhooks, clientId]]),
      'test messages and repeated messages of this app',
    );
  }

  /** @throws TooManyRequests */
  takeRegistration(request: FastifyRequest, reply: FastifyReply): void {
    const verdict = takeAll([[this.registrations, networkOf(request.ip)]]);
    answerWith(reply, verdict, 'registration requests from your network');
  }
}

function answerWith(reply: FastifyReply, verdict: RateLimitVerdict, what: string): void {
  void reply.headers(verdict.headers);
  if (!verdict.isAllowed) throw new TooManyRequests(verdict, what);
}
