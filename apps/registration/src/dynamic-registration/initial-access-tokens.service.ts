import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { randomToken, rowsOf, sha256, type Queryable } from '@payer/service';
import { z } from 'zod';
import { Problem, recordAudit } from '@payer/service';
import { actorColumns } from '../sessions/actor-columns.js';
import type { Actor } from '../sessions/actor.js';
import { PortalSessions } from '../sessions/portal-sessions.js';

/** Body of `POST /api/initial-access-tokens`. */
export const initialAccessTokenBody = z.object({
  /** Seconds, from one minute to thirty days. */
  expires_in: z.coerce
    .number('must be a number of seconds')
    .int('must be a whole number of seconds')
    .min(60, 'must be at least 60 seconds')
    .max(2_592_000, 'must be at most 2592000 seconds (30 days)')
    .default(86_400),
  /** Number of apps that the token can register. */
  uses: z.coerce
    .number('must be a number')
    .int('must be a whole number')
    .min(1, 'must be at least 1')
    .max(100, 'must be at most 100')
    .default(10),
});

export const initialAccessTokenView = z.object({
  token: z.string(),
  expires_at: z.iso.datetime(),
  uses: z.int(),
});
export type InitialAccessToken = z.infer<typeof initialAccessTokenView>;

/** A token in its owner's list, without the token itself. */
export const listedTokenView = z.object({
  id: z.string().describe('Not secret: it only revokes the token'),
  created_at: z.iso.datetime(),
  expires_at: z.iso.datetime(),
  uses_left: z.int(),
});
export type ListedToken = z.infer<typeof listedTokenView>;

/** The most tokens in a list. */
const longestList = 200;

/** The id of a token in the list, as SQL: the beginning of its hash. */
const tokenId = 'left(token_sha256, 22)';

/**
 * Initial access tokens (RFC 7591 §1.2). A program registers apps for one developer with them, limited in
 * time and number.
 */
@Injectable()
export class InitialAccessTokens {
  constructor(
    private readonly source: DataSource,
    private readonly sessions: PortalSessions,
  ) {}

  /**
   * @param session the token of the session that asks
   * @throws Problem 403 for the platform team, which owns no apps; 401 when the session has just ended
   */
  async issue(
    actor: Actor,
    { expires_in, uses }: z.infer<typeof initialAccessTokenBody>,
    session: string,
  ): Promise<InitialAccessToken> {
    if (actor.role !== 'developer')
      throw new Problem(403, 'developer_only', 'Only developers register apps; sign up as one.');
    const token = randomToken();
    const expires = new Date(Date.now() + expires_in * 1000);
    await this.source.transaction(async (manager) => {
      if (!(await this.sessions.hold(session, manager)))
        throw new Problem(401, 'not_signed_in', 'The session has ended; sign in again.');
      await manager.query('DELETE FROM initial_access_token WHERE expires_at < now() OR uses_left = 0');
      await manager.query(
        `INSERT INTO initial_access_token (token_sha256, owner_id, uses_left, expires_at) VALUES ($1, $2, $3, $4)`,
        [sha256(token), actor.id, uses, expires],
      );
      await recordAudit(manager, 'registration', {
        actor_role: actor.role,
        actor: actor.email,
        action: 'initial-access-token-issued',
        detail: { expires_at: expires, uses },
      });
    });
    return { token, expires_at: expires.toISOString(), uses };
  }

  /** The tokens of the actor that still register apps, the newest first. */
  async list(actor: Actor): Promise<ListedToken[]> {
    const rows = await rowsOf<{ id: string; created_at: Date; expires_at: Date; uses_left: number }>(
      this.source,
      `SELECT ${tokenId} AS id, created_at, expires_at, uses_left FROM initial_access_token
       WHERE owner_id = $1 AND expires_at > now() AND uses_left > 0
       ORDER BY created_at DESC, token_sha256 LIMIT ${longestList}`,
      [actor.id],
    );
    return rows.map((row) => ({
      ...row,
      created_at: row.created_at.toISOString(),
      expires_at: row.expires_at.toISOString(),
    }));
  }

  /** @throws Problem 404 when the actor has no such token */
  async revoke(actor: Actor, id: string): Promise<void> {
    await this.source.transaction(async (manager) => {
      const rows = await rowsOf(
        manager,
        `DELETE FROM initial_access_token WHERE owner_id = $1 AND ${tokenId} = $2 RETURNING 1`,
        [actor.id, id],
      );
      if (rows.length === 0)
        throw new Problem(404, 'initial_access_token_not_found', 'You have no such initial access token.');
      await recordAudit(manager, 'registration', {
        actor_role: actor.role,
        actor: actor.email,
        action: 'initial-access-token-revoked',
      });
    });
  }

  /** The developer of a token that is valid and has uses left. */
  async ownerOf(token: string): Promise<Actor | undefined> {
    const [owner] = await rowsOf<Actor>(
      this.source,
      `SELECT ${actorColumns}
       FROM initial_access_token JOIN account ON account.id = owner_id
       WHERE token_sha256 = $1 AND expires_at > now() AND uses_left > 0 AND ended_at IS NULL`,
      [sha256(token)],
    );
    return owner;
  }

  /**
   * Takes one use in the transaction that registers the app.
   * @returns false when another request took the last use
   */
  async use(db: Queryable, token: string): Promise<boolean> {
    const rows = await rowsOf(
      db,
      `UPDATE initial_access_token SET uses_left = uses_left - 1
       WHERE token_sha256 = $1 AND expires_at > now() AND uses_left > 0 RETURNING uses_left`,
      [sha256(token)],
    );
    return rows.length > 0;
  }
}
