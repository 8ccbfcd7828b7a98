import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type Queryable } from '@payer/service';
import { endpointPaths, environmentPath, type Environment } from '@payer/smart';
import { memberPagePolicy, renderMemberMessage, type TextKey, type Texts } from '@payer/ui';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { errors, type Provider } from 'oidc-provider';
import { DataSource } from 'typeorm';
import type { Config } from '../config.js';
import { Providers } from '../engine/providers.js';
import { FinishedInteractions } from '../engine/interactions/finished-interactions.js';
import { UnitOfWork } from '../engine/unit-of-work/unit-of-work.js';
import { textsFor } from '../http/languages.js';

export type InteractionDetails = Awaited<ReturnType<Provider['interactionDetails']>>;

/** Routes of one interaction: the steps between the authorization request and the code. */
export const interactionPath = `${environmentPath}/interaction/:uid`;

/** The outcome of a finished interaction: the next interaction, or an answer to the app. */
type Finished = { next: string } | 'answered';

/** An interaction of a request, and the artifacts that its step reads and writes. */
interface FoundInteraction {
  details: InteractionDetails;
  unit: UnitOfWork;
}

/** Finds the engine's interactions, and sends the answers that all their steps share. */
@Injectable()
export class Interactions {
  private readonly found = new WeakMap<object, FoundInteraction>();

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly providers: Providers,
    private readonly source: DataSource,
  ) {}

  /**
   * Finds the interaction of this browser. Returns undefined when it has already sent the answer.
   * @param ifFinished `page` explains; `repeat` sends the answer again, for a button that was pressed twice
   */
  async find(
    environment: Environment,
    request: FastifyRequest,
    reply: FastifyReply,
    ifFinished: 'page' | 'repeat' = 'page',
  ): Promise<InteractionDetails | undefined> {
    const { uid } = request.params as { uid: string };
    const provider = this.providers.of(environment);
    const unit = await new UnitOfWork(this.source, environment).load({ uid });
    try {
      const details = await unit.run(() => provider.interactionDetails(request.raw, reply.raw));
      if (details.uid === uid) {
        this.found.set(request.raw, { details, unit });
        return details;
      }
    } catch (error) {
      if (!(error instanceof errors.SessionNotFound)) throw error;
    }
    const finished = await this.finished(environment, uid, request, reply);
    if (finished && ifFinished === 'repeat')
      await redirect(reply, `/${environment}${endpointPaths.authorization}/${uid}`);
    else await this.overPage(environment, request, reply, finished);
    return undefined;
  }

  /** Whether a member has signed in at this interaction, which does not go on yet. */
  async isSignedIn(environment: Environment, uid: string): Promise<boolean> {
    const interaction = await this.providers.of(environment).Interaction.find(uid);
    return (interaction?.result as { login?: object } | undefined)?.login !== undefined;
  }

  /**
   * Ends a step: stores its result, and sends the browser on to the engine.
   * @param facts writes that belong to the step, such as its audit entry; stored in the same transaction
   */
  async resume(
    request: FastifyRequest,
    reply: FastifyReply,
    result: Parameters<Provider['interactionResult']>[2],
    facts?: (db: Queryable) => Promise<unknown>,
  ) {
    const found = this.found.get(request.raw);
    if (!found) throw new Error('a step must find its interaction before it ends');
    const { details, unit } = found;
    // As the engine does it, without reading the interaction of this request again.
    details.result = 'error' in result ? result : { ...details.lastSubmission, ...result };
    await unit.run(() => details.save(details.exp - Math.floor(Date.now() / 1000)));
    if (facts)
      await this.source.transaction(async (manager) => {
        await facts(manager);
        await unit.commit(manager);
      });
    else await unit.commit();
    return redirect(reply, details.returnTo);
  }

  /** Runs code of the engine within the step of a request: {@link resume} stores its artifacts. */
  within<T>(request: FastifyRequest, work: () => Promise<T>): Promise<T> {
    const unit = this.found.get(request.raw)?.unit;
    return unit ? unit.run(work) : work();
  }

  /**
   * Ends the session of another member in this browser before the new member's session begins. The engine
   * alone would ask by a script. The browser's session of now counts: the other member may have signed in at
   * another tab since this interaction began. That tab then gets a page, because its interaction belongs to
   * the session that has ended.
   */
  async endSessionOfAnother(
    environment: Environment,
    details: InteractionDetails,
    sub: string,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<void> {
    const provider = this.providers.of(environment);
    const session = await provider.Session.get(provider.createContext(request.raw, reply.raw));
    if (!session.accountId || session.accountId === sub) return;
    await this.within(request, async () => {
      await session.destroy();
      delete details.session;
      await details.save(details.exp - Math.floor(Date.now() / 1000));
    });
  }

  /** The texts of a page, in the language that the app or the member asks for. */
  textsOf(request: FastifyRequest, details: InteractionDetails): Texts {
    return textsFor(request, details.params.ui_locales);
  }

  problem(
    request: FastifyRequest,
    reply: FastifyReply,
    environment: Environment,
    status: number,
    problem: TextKey,
  ) {
    void reply.code(status);
    const texts = textsFor(request);
    const page = { ...this.shell(environment), texts, title: texts.t('error.startAgain') };
    return this.send(reply, renderMemberMessage(page, texts.t(problem), texts.t('error.backToApp')));
  }

  /**
   * The forms redirect to consent and to apps, so the policy cannot list their targets.
   * @param script of the page, if it is another one than that of most pages
   */
  send(reply: FastifyReply, page: string, script?: string) {
    return reply
      .type('text/html; charset=utf-8')
      .header('content-security-policy', memberPagePolicy(script))
      .header('cache-control', 'no-store')
      .send(page);
  }

  /** How the interaction ended, if it belongs to this browser: the engine's signed cookie names it. */
  private async finished(
    environment: Environment,
    uid: string,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<Finished | undefined> {
    const provider = this.providers.of(environment);
    const { cookies } = provider.createContext(request.raw, reply.raw);
    if (cookies.get(provider.cookieName('interaction')) !== uid) return undefined;
    const known = new FinishedInteractions(this.source, environment, this.config.KEY_ENCRYPTION_KEY);
    const answer = await known.find(uid);
    if (!answer) return undefined;
    const next = new RegExp(`^/${environment}/interaction/([\\w-]+)$`).exec(answer.location)?.[1];
    const isOpen = next !== undefined && (await provider.Interaction.find(next)) !== undefined;
    return isOpen ? { next: answer.location } : 'answered';
  }

  /** Page of a finished interaction, reached by the back button, a bookmark or too late. */
  private overPage(
    environment: Environment,
    request: FastifyRequest,
    reply: FastifyReply,
    finished: Finished | undefined,
  ) {
    const texts = textsFor(request);
    const page = { ...this.shell(environment), texts };
    const connectedApps = (
      <a href={this.config.addresses[environment].managementUrl}>{texts.t('answered.link')}</a>
    );
    if (finished === 'answered')
      return this.send(
        reply,
        renderMemberMessage(
          { ...page, title: texts.t('error.finished') },
          texts.t('error.finished.text'),
          texts.t('error.finished.next'),
          connectedApps,
        ),
      );
    if (finished)
      return this.send(
        reply,
        renderMemberMessage(
          { ...page, title: texts.t('continue.title') },
          texts.t('continue.text'),
          <a href={finished.next}>{texts.t('continue.go')}</a>,
        ),
      );
    void reply.code(400);
    return this.send(
      reply,
      renderMemberMessage(
        { ...page, title: texts.t('error.pageOver') },
        texts.t('error.pageOver.text'),
        texts.t('error.pageOver.next'),
        connectedApps,
      ),
    );
  }

  private shell(environment: Environment) {
    return { planName: this.config.PLAN_NAME, environment };
  }
}

export function redirect(reply: FastifyReply, location: string) {
  return reply.header('cache-control', 'no-store').redirect(location, 303);
}
