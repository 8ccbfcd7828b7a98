import type { DataSource } from 'typeorm';

/** Interactions made by one replica between two looks at their number. */
const madeBetweenLooks = 5000;

/**
 * Bounds the rows that people who have not signed in can make: each authorization request leaves an interaction for half an
 * hour. When there are too many, the oldest ones in which nobody has signed in go.
 */
export class OpenInteractions {
  private made = 0;
  private trimming: Promise<void> | undefined;

  /** @param limit rows kept (OPEN_INTERACTIONS_MAX) */
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

  /** Removes the oldest interactions without a member above the limit. */
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
