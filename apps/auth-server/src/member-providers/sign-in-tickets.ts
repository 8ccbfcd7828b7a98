import type { Queryable } from '@payer/service';
import type { Environment } from '@payer/smart';
import { z } from 'zod';
import { issueTicket, redeemTicket } from './protocol/tickets.js';

const model = 'ProviderSignIn';

/** Seconds from the callback to the page of the interaction, which is one redirect. */
const lifetime = 60;

const ticketShape = z.object({
  uid: z.string(),
  provider: z.string(),
  /** The member. Null when the roster does not contain the subject, and after a refused answer. */
  sub: z.string().nullable(),
  /** Whether the provider's answer was refused. */
  isRefused: z.boolean().optional(),
  authTime: z.number().optional(),
  acr: z.string().optional(),
  amr: z.array(z.string()).optional(),
});
export type SignInTicket = z.infer<typeof ticketShape>;

/**
 * Stores a sign-in for its interaction. The browser sends the engine's cookie to the pages of the interaction
 * only, so the provider's callback cannot finish the sign-in itself.
 * @returns the ticket, valid once
 */
export function issueSignIn(db: Queryable, environment: Environment, ticket: SignInTicket): Promise<string> {
  return issueTicket(db, { model, environment, lifetime }, ticket);
}

/** @returns the sign-in, if the ticket belongs to this interaction and was not used before */
export async function redeemSignIn(
  db: Queryable,
  environment: Environment,
  token: string,
  uid: string,
): Promise<SignInTicket | undefined> {
  const payload = await redeemTicket(db, { model, environment }, token, { uid });
  return payload === undefined ? undefined : ticketShape.parse(payload);
}
