import { randomToken, rowsOf, sha256, type Queryable } from '@payer/service';
import type { Environment } from '@payer/smart';
import { z } from 'zod';

const model = 'ProviderSignIn';

/** Seconds from the callback to the page of the interaction, which is one redirect. */
const lifetime = 60;

const ticketShape = z.object({
  uid: z.string(),
  provider: z.string(),
  /** The member. Null when the roster does not contain the subject. */
  sub: z.string().nullable(),
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
export async function issueTicket(
  db: Queryable,
  environment: Environment,
  ticket: SignInTicket,
): Promise<string> {
  const token = randomToken();
  await db.query(
    `INSERT INTO oidc_artifact (environment, model, id_sha256, payload, expires_at)
     VALUES ($1, $2, $3, $4, now() + make_interval(secs => $5))`,
    [environment, model, sha256(token), JSON.stringify(ticket), lifetime],
  );
  return token;
}

/** @returns the sign-in, if the ticket belongs to this interaction and was not used before */
export async function redeemTicket(
  db: Queryable,
  environment: Environment,
  token: string,
  uid: string,
): Promise<SignInTicket | undefined> {
  const [row] = await rowsOf<{ payload: unknown }>(
    db,
    `DELETE FROM oidc_artifact
     WHERE environment = $1 AND model = $2 AND id_sha256 = $3 AND payload->>'uid' = $4 AND expires_at > now()
     RETURNING payload`,
    [environment, model, sha256(token), uid],
  );
  return row && ticketShape.parse(row.payload);
}
