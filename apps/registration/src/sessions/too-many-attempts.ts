import { Problem } from '@payer/service';

/** 429 with `Retry-After` (RFC 6585 §4). */
export class TooManyAttempts extends Problem {
  /** @param retryAfter seconds */
  constructor(readonly retryAfter: number) {
    const minutes = Math.ceil(retryAfter / 60);
    super(
      429,
      'too_many_attempts',
      `Too many attempts to sign in; try again in ${minutes} minute${minutes === 1 ? '' : 's'}.`,
    );
  }
}
