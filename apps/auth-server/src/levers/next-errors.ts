import { Injectable } from '@nestjs/common';
import {
  waitingError,
  type AppState,
  type Environment,
  type NextError,
  type RequestKind,
} from '@payer/smart';
import { DataSource } from 'typeorm';
import { useAssertionOnce } from '../client-authentication/used-assertions.js';

/** Issuer of the ids of levers. It has a space, so it is no `client_id`, and no app can use up a lever. */
const issuer = 'sandbox lever';

/** The errors that a developer has asked for. Each answers one request, over all replicas. */
@Injectable()
export class NextErrors {
  constructor(private readonly source: DataSource) {}

  /**
   * Takes the error that waits for this request. The caller must answer with it.
   * @param app an app in the environment; outside the sandbox it has no levers
   * @returns undefined when none waits, or when another request took it
   */
  async take(app: AppState, environment: Environment, endpoint: RequestKind): Promise<NextError | undefined> {
    const waiting = waitingError(app.levers, environment, endpoint);
    if (!waiting) return undefined;
    const expiresAt = Date.parse(waiting.expires_at) / 1000;
    const isFirst = await useAssertionOnce(this.source, environment, issuer, waiting.id, expiresAt);
    return isFirst ? waiting : undefined;
  }
}
