import type { FactSource } from '@payer/events';
import { organizationName } from '../apps/app-organization.js';
import { appStateOf } from '../apps/app-state.js';
import type { App } from '../apps/app.entity.js';
import type { AppSecret } from '../apps/app-secret.entity.js';

interface AppRow extends App {
  organization: string;
  secrets: { sha256: string; expires_at: string | null }[];
}

/** Every app, including deleted ones, in the form that other services receive. */
export const appFacts: FactSource<'registration', AppRow> = {
  select: `
    SELECT app.*, app.client_id AS key, app.updated_at AS changed_at, ${organizationName} AS organization,
           coalesce((SELECT json_agg(json_build_object('sha256', sha256, 'expires_at', expires_at) ORDER BY id DESC)
                     FROM app_secret
                     WHERE app_secret.client_id = app.client_id AND (expires_at IS NULL OR expires_at > now())),
                    '[]') AS secrets
    FROM app`,
  toFact(row) {
    const secrets = row.secrets.map(({ sha256, expires_at }) => ({
      sha256,
      expires_at: expires_at === null ? null : new Date(expires_at),
    }));
    return appStateOf(row, row.organization, row.status === 'deleted' ? [] : (secrets as AppSecret[]));
  },
};
