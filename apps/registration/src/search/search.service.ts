import { Injectable } from '@nestjs/common';
import { rowsOf } from '@payer/service';
import { environments } from '@payer/smart';
import { DataSource } from 'typeorm';
import { z } from 'zod';
import { organizationName } from '../apps/app-organization.js';

/** The most results of each kind. */
const limit = 50;

/** Query of `GET /api/search`. */
export const searchQuery = z.object({
  q: z.string().trim().max(200, 'must have at most 200 characters').default(''),
});

const foundDeveloper = z.object({
  name: z.string(),
  organization: z.string(),
  email: z.string(),
  created_at: z.iso.datetime(),
  apps: z.array(z.object({ client_id: z.string(), client_name: z.string() })),
});
const foundApp = z.object({
  client_id: z.string(),
  client_name: z.string(),
  organization: z.string(),
  status: z.enum(['active', 'suspended', 'deleted']),
  is_approved: z.boolean(),
});
const foundGrant = z.object({
  grant_id: z.string(),
  environment: z.enum(environments),
  client_id: z.string(),
  client_name: z.string().nullable(),
  created_at: z.iso.datetime(),
  ends_at: z.iso.datetime(),
  is_live: z.boolean(),
  revoked_reason: z.string().nullable(),
});

/** Everything that the text is a part of, at most 50 of each kind. */
export const searchResults = z.object({
  developers: z.array(foundDeveloper),
  apps: z.array(foundApp),
  /**
   * Found by a whole id: of the grant, the member (`sub`), the patient, or the app. Null without the duty.
   */
  grants: z.array(foundGrant).nullable(),
});
export type SearchResults = z.infer<typeof searchResults>;

/** Dates of a row, before they become texts. */
type Dated<Row, Name extends keyof Row> = Omit<Row, Name> & Record<Name, Date>;

/** Finds developers, apps and grants for the platform team. */
@Injectable()
export class SearchService {
  constructor(private readonly source: DataSource) {}

  /** @param withGrants whether the person may see grants */
  async find(text: string, withGrants: boolean): Promise<SearchResults> {
    if (!text) return { developers: [], apps: [], grants: withGrants ? [] : null };
    const [developers, apps, grants] = await Promise.all([
      this.developers(text),
      this.apps(text),
      withGrants ? this.grants(text) : null,
    ]);
    return { developers, apps, grants };
  }

  private async developers(text: string): Promise<SearchResults['developers']> {
    const rows = await rowsOf<Dated<z.infer<typeof foundDeveloper>, 'created_at'>>(
      this.source,
      `SELECT name, organization, email, created_at,
              coalesce((SELECT json_agg(json_build_object('client_id', client_id, 'client_name', client_name)
                                        ORDER BY app.created_at DESC)
                        FROM app WHERE owner_id = account.id AND status <> 'deleted'), '[]') AS apps
       FROM account
       WHERE role = 'developer' AND (position(lower($1) IN lower(email)) > 0
         OR position(lower($1) IN lower(name)) > 0 OR position(lower($1) IN lower(organization)) > 0)
       ORDER BY created_at DESC LIMIT ${limit}`,
      [text],
    );
    return rows.map((row) => ({ ...row, created_at: row.created_at.toISOString() }));
  }

  private apps(text: string): Promise<SearchResults['apps']> {
    return rowsOf<z.infer<typeof foundApp>>(
      this.source,
      `SELECT client_id, client_name, ${organizationName} AS organization, status, approved_at IS NOT NULL AS is_approved
       FROM app
       WHERE client_id = $1 OR position(lower($1) IN lower(client_name)) > 0
         OR position(lower($1) IN lower(${organizationName})) > 0
         OR EXISTS (SELECT 1 FROM unnest(redirect_uris) AS uri WHERE position(lower($1) IN lower(uri)) > 0)
       ORDER BY app.created_at DESC LIMIT ${limit}`,
      [text],
    );
  }

  private async grants(text: string): Promise<z.infer<typeof foundGrant>[]> {
    const rows = await rowsOf<Dated<z.infer<typeof foundGrant>, 'created_at' | 'ends_at'>>(
      this.source,
      `SELECT grant_id, environment, known.client_id, client_name, known.created_at,
              least(expires_at, revoked_at) AS ends_at,
              revoked_at IS NULL AND expires_at > now() AS is_live, revoked_reason
       FROM grant_history AS known LEFT JOIN app USING (client_id)
       WHERE grant_id = $1 OR sub = $1 OR patient = $1 OR known.client_id = $1
       ORDER BY known.created_at DESC LIMIT ${limit}`,
      [text],
    );
    return rows.map((row) => ({
      ...row,
      created_at: row.created_at.toISOString(),
      ends_at: row.ends_at.toISOString(),
    }));
  }
}
