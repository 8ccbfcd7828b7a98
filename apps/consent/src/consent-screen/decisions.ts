import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, findApp, recordAndTellAudit } from '@payer/service';
import type { ConsentRequest, SensitiveKind } from '@payer/smart';
import type { EntityManager } from 'typeorm';
import type { Config } from '../config.js';
import { actsFor, subjectOf } from '../grants/grant-acts.js';
import { Grants, type GrantRow } from '../grants/grants.js';
import { confirmBy } from '../grants/redemptions.js';
import { agreedTo, findRememberedGrant, forgetYes, type AgreedTo } from '../grants/remembered-grant.js';
import { Keys } from '../keys/keys.js';
import { rightEndOf } from './durations.js';
import { signDecision } from './sign-decision.js';

/** The choices of a member with a yes. */
export interface Choice {
  expiresAt: Date;
  sensitive: readonly SensitiveKind[];
}

/** Stores the member's answer to a consent request, and signs the consent decision for auth-server. */
@Injectable()
export class Decisions {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly grants: Grants,
    private readonly keys: Keys,
  ) {}

  /** @returns the URL that takes the decision to auth-server */
  allow(manager: EntityManager, request: ConsentRequest, choice: Choice): Promise<string> {
    return this.grant(manager, request, choice);
  }

  /** As {@link allow}, for a "no". The next request of the app is asked again. */
  async deny(manager: EntityManager, request: ConsentRequest): Promise<string> {
    await recordAndTellAudit(manager, 'consent', [
      {
        action: 'grant-denied',
        actor_role: 'member',
        actor: request.sub,
        ...subjectOf(request),
        detail: actsFor({ ...request, ...request.representation }),
      },
    ]);
    await forgetYes(manager, request);
    return this.urlOf(request, undefined);
  }

  /**
   * Answers a request by the member's standing grant, without a question.
   * @returns the URL of the decision, or undefined when the member must be asked
   */
  async continueGrant(manager: EntityManager, request: ConsentRequest): Promise<string | undefined> {
    const standing = await findRememberedGrant(manager, request, await this.factsOf(manager, request));
    if (!standing) return undefined;
    const { expires_at: expiresAt, sensitive } = standing;
    return this.grant(manager, request, { expiresAt, sensitive }, standing);
  }

  private async grant(
    manager: EntityManager,
    request: ConsentRequest,
    { expiresAt, sensitive }: Choice,
    continues?: GrantRow,
  ): Promise<string> {
    // A continuation keeps the facts that the member has read.
    const facts = continues?.agreed_to ?? (await this.factsOf(manager, request));
    const rightEnds = rightEndOf(request) ?? expiresAt;
    const terms = {
      expiresAt: rightEnds < expiresAt ? rightEnds : expiresAt,
      sensitive,
      confirmBy: confirmBy(),
      agreedTo: facts,
      continues,
    };
    return this.urlOf(request, await this.grants.create(manager, request, terms));
  }

  /** The facts that the consent page shows now. */
  private async factsOf(manager: EntityManager, request: ConsentRequest): Promise<AgreedTo> {
    const app = await findApp(manager, request.client_id);
    return agreedTo(request, app?.attested === true);
  }

  private async urlOf(request: ConsentRequest, grant: GrantRow | undefined): Promise<string> {
    const decision = await signDecision(this.keys, this.config.addresses, request, grant);
    return `${request.return_to}?decision=${decision}`;
  }
}
