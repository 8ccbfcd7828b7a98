import { Inject, Injectable } from '@nestjs/common';
import { wakeRelays } from '@payer/events';
import { CONFIG, recordAndTellAudit } from '@payer/service';
import type { Environment } from '@payer/smart';
import { memberPasskeyScript, type TextKey } from '@payer/ui';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { DataSource } from 'typeorm';
import type { Config } from '../config.js';
import { Providers } from '../engine/providers.js';
import { textsFor } from '../http/languages.js';
import { Interactions, redirect } from '../interactions/interactions.js';
import { MemberProviders } from '../member-providers/member-providers.js';
import { Members, type Member } from '../members/members.js';
import { offersTestMembers } from '../members/test-members.js';
import { RecentProof, type ProvingSession } from '../second-factor/recent-proof.js';
import { SecondFactors, type SecondFactorState } from '../second-factor/second-factors.js';
import type { Change } from './changes.js';
import { renderRecoveryCodesPage, renderSecondFactorMessage } from './message-pages.js';
import type { SecondFactorPage } from './page-frame.js';

/** A signed-in member at the settings of the second factor. */
export interface Visitor extends ProvingSession {
  member: Member;
  /** Undefined for a member who signs in with the password alone. */
  state?: SecondFactorState;
  /** Whether the member has proved who it is, a short time ago and in this session. */
  hasRecentProof: boolean;
}

/** Finds the member, and sends the answers that all settings of the second factor share. */
@Injectable()
export class SecondFactorSettings {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly source: DataSource,
    private readonly members: Members,
    private readonly memberProviders: MemberProviders,
    private readonly factors: SecondFactors,
    private readonly proof: RecentProof,
    private readonly engines: Providers,
    private readonly interactions: Interactions,
  ) {}

  address(environment: Environment): string {
    return `/${environment}/second-factor`;
  }

  /**
   * The signed-in member of this browser. Undefined without a session, and where members have no passwords.
   */
  async find(
    environment: Environment,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<Visitor | undefined> {
    if (!this.isOffered(environment)) return undefined;
    const engine = this.engines.of(environment);
    const session = await engine.Session.get(engine.createContext(request.raw, reply.raw));
    const member = session.accountId ? await this.members.find(environment, session.accountId) : undefined;
    if (!member) return undefined;
    const state = await this.factors.stateOf(environment, member.sub);
    const proving = { environment, sub: member.sub, sessionUid: session.uid };
    const hasRecentProof = this.proof.isGiven(request, proving, state !== undefined);
    return { ...proving, member, state, hasRecentProof };
  }

  /** The same as {@link find}. When it returns undefined, a page has been sent. */
  async require(
    environment: Environment,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<Visitor | undefined> {
    const visitor = await this.find(environment, request, reply);
    if (visitor) return visitor;
    if (!this.isOffered(environment))
      await this.message(environment, request, reply, 'error.notFound', 'secondFactor.elsewhere', 404);
    else
      await this.message(environment, request, reply, 'secondFactor.title', 'secondFactor.signInFirst', 401);
    return undefined;
  }

  /** A member with a recent proof. When it returns undefined, an answer has been sent. */
  async requireProof(
    environment: Environment,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<Visitor | undefined> {
    const visitor = await this.require(environment, request, reply);
    if (!visitor || visitor.hasRecentProof) return visitor;
    await redirect(reply, this.address(environment));
    return undefined;
  }

  /** Synthetic members have no secrets, and members of a provider protect their sign-in there. */
  private isOffered(environment: Environment): boolean {
    return !offersTestMembers(environment) && this.memberProviders.of(environment).length === 0;
  }

  /** Records a change of the member, and shows new recovery codes or the settings. */
  async changed(
    { environment, sub, sessionUid }: Visitor,
    change: Change,
    request: FastifyRequest,
    reply: FastifyReply,
    recoveryCodes?: readonly string[],
  ) {
    const isAdded = change === 'passkey-added' || change === 'codes-added';
    const detail = { by: change.startsWith('passkey') ? 'passkey' : 'otp' };
    const action = isAdded ? ('second-factor-added' as const) : ('second-factor-removed' as const);
    const entry = { action, actor_role: 'member' as const, actor: sub, environment, sub, detail };
    await recordAndTellAudit(this.source, 'auth-server', [entry]);
    wakeRelays();
    // A new factor was used when it was added.
    if (isAdded) this.proof.give(reply, { environment, sub, sessionUid }, true);
    if (!recoveryCodes) return redirect(reply, `${this.address(environment)}?done=${change}`);
    const back = this.address(environment);
    return this.send(
      reply,
      renderRecoveryCodesPage({ ...this.frame(environment, request), codes: recoveryCodes, back }),
    );
  }

  private message(
    environment: Environment,
    request: FastifyRequest,
    reply: FastifyReply,
    title: TextKey,
    text: TextKey,
    status: number,
  ) {
    void reply.code(status);
    const { managementUrl } = this.config.addresses[environment];
    return this.send(
      reply,
      renderSecondFactorMessage({ ...this.frame(environment, request), title, text, managementUrl }),
    );
  }

  frame(environment: Environment, request: FastifyRequest): SecondFactorPage {
    return { texts: textsFor(request), planName: this.config.PLAN_NAME, environment };
  }

  send(reply: FastifyReply, page: string) {
    return this.interactions.send(reply, page, memberPasskeyScript);
  }
}
