import { recordAudit, rowsOf, type Queryable } from '@payer/service';
import type { auditActions } from '@payer/smart';
import type { Actor } from '../sessions/actor.js';
import type { OrganizationAct } from './organization-fields.js';

type RegistrationAction = (typeof auditActions.registration)[number];
/** Acts about the people of an organization. */
export type PeopleAction = Extract<RegistrationAction, `organization-${string}`>;

/**
 * Acts about apps that the history shows. Acts of members (grants) and of the desk's readers are not shown.
 */
const appActions: readonly RegistrationAction[] = [
  'app-registered',
  'app-updated',
  'app-deleted',
  'secret-replaced',
  'secret-ended',
  'plan-subscribed',
  'lever-pulled',
  'production-requested',
  'production-withdrawn',
  'production-changes-requested',
  'production-approved',
  'production-rejected',
  'production-appealed',
  'app-attested',
  'app-change-approved',
  'app-change-rejected',
  'app-suspended',
  'app-reinstated',
  'webhook-added',
  'webhook-removed',
  'webhook-secret-replaced',
];

/** Stands for a person of the platform team, who is not named to developers. */
export const platformTeam = 'platform team';

/** The most acts of one history. */
const limit = 200;

/** Records an act for the organization's history and for the audit trail, in the transaction of the act. */
export async function recordAct(
  db: Queryable,
  actor: Actor,
  organizationId: string,
  action: PeopleAction,
  about: { person?: string; role?: string; new_name?: string } = {},
  detail: Record<string, unknown> = {},
): Promise<void> {
  await db.query(
    `INSERT INTO organization_act (organization_id, actor, action, person, role, new_name)
     VALUES ($1, $2, $3, $4, $5, $6)`,
    [organizationId, actor.email, action, about.person ?? null, about.role ?? null, about.new_name ?? null],
  );
  await recordAudit(db, 'registration', {
    actor_role: actor.role,
    actor: actor.email,
    action,
    detail: { organization_id: organizationId, ...about, ...detail },
  });
}

/** The newest acts on the organization's people and apps. A person of the platform team is not named. */
export function historyOf(db: Queryable, organizationId: string): Promise<OrganizationAct[]> {
  return rowsOf<OrganizationAct>(
    db,
    `SELECT * FROM (
       SELECT at, actor, action, NULL AS client_id, NULL AS client_name, person, role, new_name
       FROM organization_act WHERE organization_id = $1
       UNION ALL
       SELECT entry.at, CASE WHEN actor_role = 'developer' THEN actor ELSE '${platformTeam}' END, action,
              app.client_id, app.client_name, NULL, NULL, NULL
       FROM app JOIN audit_entry AS entry ON entry.client_id = app.client_id
       WHERE app.organization_id = $1 AND service = 'registration' AND action = ANY($2)
     ) AS act ORDER BY at DESC LIMIT ${limit}`,
    [organizationId, appActions],
  );
}
