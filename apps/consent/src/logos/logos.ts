import { readRows, rowsOf } from '@payer/service';
import type { Environment } from '@payer/smart';
import type { DataSource } from 'typeorm';
import { fetchLogo, type Logo } from './fetch-logo.js';

/** Most logos that one run of the job loads. */
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

  /** Loads new logos and outdated ones. A failure keeps the existing copy. */
  async refresh(): Promise<void> {
    const due = await rowsOf<{ logo_uri: string }>(
      this.source,
      `SELECT DISTINCT app.state->>'logo_uri' AS logo_uri FROM app_model app
         LEFT JOIN app_logo logo ON logo.logo_uri = app.state->>'logo_uri'
       WHERE (app.state->>'logo_uri' LIKE 'https://%' OR starts_with(app.state->>'logo_uri', $1))
         AND app.state->>'status' <> 'deleted'
         AND coalesce(logo.next_fetch < now(), true) LIMIT ${batchSize}`,
      [this.uploads],
    );
    await Promise.all(due.map(({ logo_uri }) => this.refreshOne(logo_uri)));
  }

  /** The logo of an app, or undefined without a copy. */
  async find(clientId: string): Promise<Logo | undefined> {
    const [row] = await rowsOf<{ content_type: string; bytes: Buffer }>(
      this.source,
      `SELECT logo.content_type, logo.bytes FROM app_model app
         JOIN app_logo logo ON logo.logo_uri = app.state->>'logo_uri'
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
      `SELECT 1 FROM app_model app JOIN app_logo logo ON logo.logo_uri = app.state->>'logo_uri'
       WHERE app.client_id = $1 AND logo.bytes IS NOT NULL`,
      [clientId],
    );
    return found.length > 0 ? logoAddress(environment, clientId) : undefined;
  }

  private async refreshOne(uri: string): Promise<void> {
    const logo = await this.load(uri).catch(() => undefined);
    await this.source.query(
      `INSERT INTO app_logo (logo_uri, content_type, bytes, next_fetch) VALUES ($1, $2, $3, now() + $4::interval)
       ON CONFLICT (logo_uri) DO UPDATE SET next_fetch = excluded.next_fetch,
         content_type = coalesce(excluded.content_type, app_logo.content_type),
         bytes = coalesce(excluded.bytes, app_logo.bytes)`,
      [uri, logo?.contentType ?? null, logo?.bytes ?? null, logo ? freshFor : retryAfter],
    );
  }
}

export const logoAddress = (environment: Environment, clientId: string): string =>
  `/${environment}/logos/${encodeURIComponent(clientId)}`;
