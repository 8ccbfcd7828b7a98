import { readRows, rowsOf } from '@payer/service';
import type { Environment } from '@payer/smart';
import type { DataSource } from 'typeorm';
import { logoOfApp, uriSha256 } from './logo-copy.js';
import { fetchLogo, type Logo } from './fetch-logo.js';

/** The most logos that one run of the job loads. */
const batchSize = 10;

/** Validity of a copy, and pause after a failure. */
const freshFor = '1 day';
const retryAfter = '1 hour';

/** Stores copies of the apps' logos, which are served from our own origin. */
export class Logos {
  /**
   * @param load loads the picture at an address
   * @param uploads beginning of the addresses of uploaded logos, which need not be https
   */
  constructor(
    private readonly source: DataSource,
    private readonly load: (uri: string) => Promise<Logo> = fetchLogo,
    private readonly uploads: string | null = null,
  ) {}

  /**
   * Loads new logos and outdated ones. A failure keeps the existing copy, and stops no other logo: the order
   * is random, so that logos that always fail do not take every place of a round.
   * @throws the first failure to store a copy, after all others are stored
   */
  async refresh(): Promise<void> {
    const due = await rowsOf<{ logo_uri: string }>(
      this.source,
      `SELECT logo_uri FROM (
       SELECT DISTINCT app.state->>'logo_uri' AS logo_uri FROM app_model app LEFT JOIN ${logoOfApp}
       WHERE (app.state->>'logo_uri' LIKE 'https://%' OR starts_with(app.state->>'logo_uri', $1))
         AND app.state->>'status' <> 'deleted'
         AND coalesce(logo.next_fetch < now(), true)) due ORDER BY random() LIMIT ${batchSize}`,
      [this.uploads],
    );
    const outcomes = await Promise.allSettled(due.map(({ logo_uri }) => this.refreshOne(logo_uri)));
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed) throw failed.reason;
  }

  /** Deletes the copies that no app names any more. */
  async forgetUnnamed(): Promise<void> {
    await this.source.query(
      `DELETE FROM logo_copy WHERE NOT EXISTS (
         SELECT 1 FROM app_model app WHERE app.state->>'status' <> 'deleted'
           AND ${uriSha256("app.state->>'logo_uri'")} = logo_copy.uri_sha256)`,
    );
  }

  /** The logo of an app, or undefined without a copy. */
  async find(clientId: string): Promise<Logo | undefined> {
    const [row] = await rowsOf<{ content_type: string; bytes: Buffer }>(
      this.source,
      `SELECT logo.content_type, logo.bytes FROM app_model app
         JOIN ${logoOfApp}
       WHERE app.client_id = $1 AND logo.bytes IS NOT NULL`,
      [clientId],
    );
    return row && { contentType: row.content_type, bytes: row.bytes };
  }

  /** The URL of an app's logo on our own origin, or undefined without a copy. */
  async addressOf(environment: Environment, clientId: string): Promise<string | undefined> {
    const found = await readRows(
      this.source,
      'has-logo',
      `SELECT 1 FROM app_model app JOIN ${logoOfApp}
       WHERE app.client_id = $1 AND logo.bytes IS NOT NULL`,
      [clientId],
    );
    return found.length > 0 ? logoAddress(environment, clientId) : undefined;
  }

  private async refreshOne(uri: string): Promise<void> {
    const logo = await this.load(uri).catch(() => undefined);
    await this.source.query(
      `INSERT INTO logo_copy (uri_sha256, content_type, bytes, next_fetch)
       VALUES (${uriSha256('$1::text')}, $2, $3, now() + $4::interval)
       ON CONFLICT (uri_sha256) DO UPDATE SET next_fetch = excluded.next_fetch,
         content_type = coalesce(excluded.content_type, logo_copy.content_type),
         bytes = coalesce(excluded.bytes, logo_copy.bytes)`,
      [uri, logo?.contentType ?? null, logo?.bytes ?? null, logo ? freshFor : retryAfter],
    );
  }
}

export const logoAddress = (environment: Environment, clientId: string): string =>
  `/${environment}/logos/${encodeURIComponent(clientId)}`;
