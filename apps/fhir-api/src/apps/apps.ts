import type { AppState, Environment, Plan } from '@payer/smart';

/** What the gateway has to know of an app. Never changed in place: a new state is a new object. */
export interface App {
  readonly version: number;
  readonly status: AppState['status'];
  readonly plan: Plan | null;
  /** Environments open to the app now. */
  readonly environments: readonly Environment[];
  /** Milliseconds since the epoch; tokens issued before are refused. */
  readonly tokensValidFrom: number | undefined;
}

/** All apps, in the memory of this replica, as the app events tell them. */
export class Apps {
  private readonly byClientId = new Map<string, App>();

  /** Takes an app's state when it is newer than what is known; twice, or late, changes nothing. */
  apply(state: AppState): void {
    const known = this.byClientId.get(state.client_id);
    if (known && known.version >= state.version) return;
    this.byClientId.set(state.client_id, {
      version: state.version,
      status: state.status,
      plan: state.plan,
      environments: state.environments,
      tokensValidFrom: state.tokens_valid_from === null ? undefined : Date.parse(state.tokens_valid_from),
    });
  }

  /** Forgets every app but these: registration, restored from a backup, knows no others. */
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
