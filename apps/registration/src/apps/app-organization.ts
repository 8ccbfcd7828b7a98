import { rowsOf, type Queryable } from '@payer/service';

/**
 * SQL of the name of the organization to which `app` belongs. An app that only the journal knows has no
 * organization; its owner is the platform team.
 */
export const organizationName = `coalesce(
  (SELECT known.name FROM organization AS known WHERE known.id = app.organization_id),
  (SELECT owner.organization FROM account AS owner WHERE owner.id = app.owner_id))`;

/** The names of the organizations of apps, by client_id. */
export async function organizationNames(
  db: Queryable,
  clientIds: readonly string[],
): Promise<Map<string, string>> {
  const rows = await rowsOf<{ client_id: string; organization: string }>(
    db,
    `SELECT client_id, ${organizationName} AS organization FROM app WHERE client_id = ANY($1)`,
    [clientIds],
  );
  return new Map(rows.map(({ client_id, organization }) => [client_id, organization]));
}

/** The name of the app's organization. */
export async function organizationOf(db: Queryable, clientId: string): Promise<string> {
  return (await organizationNames(db, [clientId])).get(clientId) ?? '';
}
