import type { Queryable } from '../database/database.js';
import { Throttle } from './throttle.js';

/** Who tries to sign in, from where. */
export interface SignInAttempt {
  /** Keeps the names of different directories apart. */
  realm: string;
  name: string;
  /** IP address. */
  address: string;
  /** Id of a device on which this name has signed in before ({@link KnownDevices}). */
  device?: string;
}

/** Seconds. */
const window = 15 * 60;

/** Failures in the window: of one name from one address or device, of all names from one address, of one name from anywhere. */
const limits = { pair: 8, address: 100, name: 100 };

/**
 * Slows the guessing of passwords down. One address that guesses one name is stopped soon; an address shared by many people, and
 * a name that many addresses guess, later. A device on which the name has signed in before is counted alone, so what strangers do
 * elsewhere never stops its owner there.
 */
export class SignInThrottle {
  private readonly pair: Throttle;
  private readonly address: Throttle;
  private readonly name: Throttle;

  constructor(db: Queryable) {
    this.pair = new Throttle(db, limits.pair, window);
    this.address = new Throttle(db, limits.address, window);
    this.name = new Throttle(db, limits.name, window);
  }

  /** Seconds until the next attempt is allowed; 0 when it is allowed now. */
  async retryAfter(attempt: SignInAttempt): Promise<number> {
    const { pair, address, name } = keysOf(attempt);
    const waits = [
      this.pair.retryAfter([pair]),
      ...(attempt.device ? [] : [this.address.retryAfter([address]), this.name.retryAfter([name])]),
    ];
    return Math.max(...(await Promise.all(waits)));
  }

  async fail(attempt: SignInAttempt): Promise<void> {
    const { pair, address, name } = keysOf(attempt);
    await this.pair.fail(attempt.device ? [pair] : [pair, address, name]);
  }

  /** What was counted against this name here is forgotten; what an address did to other names is not. */
  async succeed(attempt: SignInAttempt): Promise<void> {
    await this.pair.succeed([keysOf(attempt).pair]);
  }
}

function keysOf({ realm, name, address, device }: SignInAttempt) {
  const who = `${realm} ${name.toLowerCase()}`;
  return {
    pair: device ? `${who} on ${device}` : `${who} from ${address}`,
    address: `${realm} from ${address}`,
    name: who,
  };
}
