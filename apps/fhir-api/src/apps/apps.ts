import type { AppLevers, AppState, Environment, Plan } from '@payer/smart';

/** The gateway's view of an app. Immutable: a new state is a new object. */
export interface App {
  readonly version: number;
  readonly status: AppState['status'];
  readonly plan: Plan | null;
  /** Environments open to the app now. */
  readonly environments: readonly Environment[];
  /** Milliseconds since the epoch. Tokens with an earlier issue time are refused. */
  readonly tokensValidFrom: number | undefined;
  /** Whether the app's tokens are bound to its key (RFC 9449). */
  readonly needsBoundTokens: boolean;
  /** Errors that the developer has asked for. Undefined for almost every app. */
  readonly levers: AppLevers | undefined;
}

/** All apps, in the memory of this replica, as known from the app events. */
export class Apps {
  private readonly byClientId = new Map<string, App>();

  /** Applies an app's state if it is newer than the known state. A repeated or late state changes nothing. */
  apply(state: AppState): void {
    const known = this.byClientId.get(state.client_id);
    if (known && known.version >= state.version) return;
    this.byClientId.set(state.client_id, {
      version: state.version,
      status: state.status,
      plan: state.plan,
      environments: state.environments,
      tokensValidFrom: state.tokens_valid_from === null ? undefined : Date.parse(state.tokens_valid_from),
      needsBoundTokens: state.dpop_bound_access_tokens ?? false,
      levers: state.levers?.next_errors.some(({ endpoint }) => endpoint === 'fhir')
        ? state.levers
        : undefined,
    });
  }

  /** Removes all other apps after a restore of registration, which knows only these apps. */
  forgetExcept(clientIds: ReadonlySet<string>): void {
    for (const clientId of this.byClientId.keys())
      if (!clientIds.has(clientId)) this.byClientId.delete(clientId);
  }

  get size(): number {
    return this.byClientId.size;
  }

  find(clientId: string): App | undefined {
    return this.byClientId.get(clientId);
  }
}
