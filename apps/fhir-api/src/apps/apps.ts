import { appOfToken, type AppLevers, type AppOfToken, type AppState } from '@payer/smart';

/** The gateway's view of an app. Immutable: a new state is a new object. */
export interface App extends AppOfToken {
  readonly version: number;
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
      ...appOfToken(state),
      version: state.version,
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
