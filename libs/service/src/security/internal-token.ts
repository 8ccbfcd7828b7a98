import { timingSafeEqual } from 'node:crypto';
import { Problem } from '../http/problem.js';
import { sha256 } from './sessions.js';

/**
 * Lets only the platform's own services in.
 * @param authorization the request's header
 * @param token INTERNAL_TOKEN
 * @throws Problem 401
 */
export function refuseStrangers(authorization: string | undefined, token: string): void {
  const given = Buffer.from(sha256(authorization ?? ''));
  if (!timingSafeEqual(given, Buffer.from(sha256(`Bearer ${token}`))))
    throw new Problem(401, 'unauthorized', 'Send the bearer secret of INTERNAL_TOKEN.');
}
