import type { DataSource } from 'typeorm';

/** New interactions of one replica between two counts of the rows. */
const madeBetweenLooks = 5000;

/**
 * Limits the rows that people can create without signing in: each authorization request stores an interaction
 * for half an hour. Above the limit the oldest interactions without a sign-in are removed.
 */
export class OpenInteractions {
  private made = 0;
  private trimming: Promise<void> | undefined;

  /** @param limit most rows (OPEN_INTERACTIONS_MAX) */
  constructor(
    private readonly source: DataSource,
    private readonly limit: number,
    private readonly betweenLooks = madeBetweenLooks,
  ) {}

  /** Counts a new interaction. */
  async added(): Promise<void> {
    this.made += 1;
    if (this.made >= this.betweenLooks) await this.trim();
  }

  /** Removes the oldest interactions without a member beyond the limit. */
  trim(): Promise<void> {
    this.made = 0;
    this.trimming ??= this.remove().finally(() => (this.trimming = undefined));
    return this.trimming;
  }

  private async remove(): Promise<void> {
    await this.source.query(
      `DELETE FROM oidc_artifact WHERE (environment, model, id_sha256) IN (
         SELECT environment, model, id_sha256 FROM oidc_artifact
         WHERE model = 'Interaction' AND expires_at < now() + interval '1 hour'
           AND payload #>> '{session,accountId}' IS NULL
         ORDER BY expires_at DESC OFFSET $1)`,
      [this.limit],
    );
  }
}
