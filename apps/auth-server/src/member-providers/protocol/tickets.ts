import { randomToken, rowsOf, sha256, type Queryable } from '@payer/service';
import type { Environment } from '@payer/smart';

/** The kind of a ticket. Its rows lie beside those of the engine, which removes the expired ones. */
interface TicketKind {
  model: string;
  environment: Environment;
}

/**
 * Stores data that the browser's next request takes up.
 * @param lifetime seconds
 * @returns the ticket, valid once
 */
export async function issueTicket(
  db: Queryable,
  { model, environment, lifetime }: TicketKind & { lifetime: number },
  payload: object,
): Promise<string> {
  const token = randomToken();
  await db.query(
    `INSERT INTO oidc_artifact (environment, model, id_sha256, payload, expires_at)
     VALUES ($1, $2, $3, $4, now() + make_interval(secs => $5))`,
    [environment, model, sha256(token), JSON.stringify(payload), lifetime],
  );
  return token;
}

/**
 * @param owner fields that the payload must have
 * @returns the payload, if the ticket belongs to this owner and was not used before
 */
export async function redeemTicket(
  db: Queryable,
  { model, environment }: TicketKind,
  token: string,
  owner: object,
): Promise<unknown> {
  const [row] = await rowsOf<{ payload: unknown }>(
    db,
    `DELETE FROM oidc_artifact
     WHERE environment = $1 AND model = $2 AND id_sha256 = $3 AND payload @> $4::jsonb AND expires_at > now()
     RETURNING payload`,
    [environment, model, sha256(token), JSON.stringify(owner)],
  );
  return row?.payload;
}
