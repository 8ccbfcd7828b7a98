import type { App, PortalSession } from '@payer/journey';
import type { Tally } from './story.js';

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

export interface AppEndsOptions {
  platform: PortalSession;
  developer: PortalSession;
  /** A directory app without other requests. */
  app: App;
  tally: Tally;
  boundSeconds: number;
  isOver(): boolean;
}

/** Result of the suspensions and secret replacements; times in milliseconds. */
export interface AppEndsResult {
  suspensions: number;
  replacedSecrets: number;
  /** The longest time after the platform team's answer at which a request was still served. */
  latestServed: number;
}

/**
 * Repeats the revocations owned by `registration` while faults strike. First the app is suspended, and its
 * token and its credentials must be refused within the bound. Then the app is reinstated, its secret is
 * replaced without grace, and the old secret must be refused within the bound.
 */
export async function endAppAgainAndAgain(options: AppEndsOptions): Promise<AppEndsResult> {
  const { platform, developer, app, tally, boundSeconds, isOver } = options;
  const path = `/api/apps/${app.credentials.client_id}`;
  const result: AppEndsResult = { suspensions: 0, replacedSecrets: 0, latestServed: 0 };
  const late = (since: number, what: string) => {
    const milliseconds = Date.now() - since;
    result.latestServed = Math.max(result.latestServed, milliseconds);
    if (milliseconds > boundSeconds * 1000)
      tally.violations.push(`${what} ${milliseconds} ms after the answer`);
  };
  while (!isOver()) {
    const token = await until(isOver, async () => {
      const { status, body } = await app.clientCredentials();
      return status === 200 && (await app.fhir(body.access_token, '/InsurancePlan')).status === 200
        ? body.access_token
        : undefined;
    });
    if (!token) break;
    const suspended = await until(isOver, () => govern(platform, `${path}/suspend`, 'already_suspended'));
    if (!suspended) break;
    result.suspensions += 1;
    await watch(isOver, boundSeconds, suspended, {
      async isServed() {
        return (await app.fhir(token, '/InsurancePlan')).status === 200;
      },
      onServed: (askedAt) => askedAt > suspended && late(suspended, 'a suspended app was given data'),
    });
    await watch(isOver, boundSeconds, suspended, {
      async isServed() {
        return (await app.clientCredentials()).status === 200;
      },
      onServed: (askedAt) => askedAt > suspended && late(suspended, 'a suspended app was given a token'),
    });
    await until(isOver, () => govern(platform, `${path}/reinstate`, 'not_suspended'));
    const replaced = await until(isOver, async () => {
      const { client_secret } = await developer.call('POST', `${path}/secret`, { grace_seconds: 0 });
      return { secret: String(client_secret), at: Date.now() };
    });
    if (!replaced) break;
    result.replacedSecrets += 1;
    await watch(isOver, boundSeconds, replaced.at, {
      async isServed() {
        return (await app.clientCredentials()).status === 200;
      },
      onServed: (askedAt) => askedAt > replaced.at && late(replaced.at, 'a replaced secret was accepted'),
    });
    app.credentials.client_secret = replaced.secret;
  }
  return result;
}

/** Repeats the request until it is refused, or the bound is well exceeded. */
async function watch(
  isOver: () => boolean,
  boundSeconds: number,
  since: number,
  asked: { isServed(): Promise<boolean>; onServed(askedAt: number): void },
): Promise<void> {
  while (!isOver() && Date.now() - since < (boundSeconds + 3) * 1000) {
    const askedAt = Date.now();
    if (await asked.isServed().catch(() => false)) asked.onServed(askedAt);
    await pause(200);
  }
}

/** @returns the time after the portal's answer */
async function govern(
  platform: PortalSession,
  path: string,
  doneBefore: string,
): Promise<number | undefined> {
  try {
    await platform.call('POST', path, { reason: 'storm' });
  } catch (error) {
    // The answer to an earlier attempt was lost, so this attempt finds the work done.
    if ((error as { body?: { code?: string } }).body?.code !== doneBefore) throw error;
  }
  return Date.now();
}

/** Retries work that the storm interrupts. */
async function until<T>(isOver: () => boolean, work: () => Promise<T | undefined>): Promise<T | undefined> {
  while (!isOver()) {
    const done = await work().catch(() => undefined);
    if (done !== undefined) return done;
    await pause(200);
  }
  return undefined;
}
