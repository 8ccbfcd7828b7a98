import { rowsOf } from '@payer/service';
import { dataKindsOf, memberPlanOfScope, type ConsentRequest } from '@payer/smart';
import type { EntityManager } from 'typeorm';
import type { GrantRow } from './grants.js';

/** The facts about an app and its access that a member reads before a yes. */
export interface AgreedTo {
  client_name: string;
  organization: string | null;
  policy_uri: string | null;
  tos_uri: string | null;
  /** Resource types that the app's plan opened, sorted. */
  types: string[];
  /** Whether the developer had attested the app's privacy practices. */
  attested: boolean;
}

/** @param attested whether the developer has attested the app's privacy practices */
export function agreedTo(request: ConsentRequest, attested: boolean): AgreedTo {
  const { client_name, organization, policy_uri, tos_uri, plan, scope } = request;
  const kinds = dataKindsOf(plan ?? memberPlanOfScope(scope));
  return {
    client_name,
    organization: organization ?? null,
    policy_uri: policy_uri ?? null,
    tos_uri: tos_uri ?? null,
    types: kinds.flatMap(({ types }) => types).sort(),
    attested,
  };
}

/** Seconds. A member who signed in longer ago is asked, because another person may use the browser by now. */
const freshSignIn = 30 * 60;

/** Seconds. A grant that ends sooner is not continued: its app would be back at once. */
const shortestRest = 60;

/**
 * The grant that answers a consent request without a second question: the member's latest grant of this
 * patient for the app, if it is active and the member agreed to the same facts. Locks the grant until the
 * transaction ends.
 *
 * The new grant ends when the standing grant ends, so the access never lasts longer than the member chose.
 * @param now the facts of today. A new attestation needs no question; a lost one does.
 */
export async function findRememberedGrant(
  manager: EntityManager,
  request: ConsentRequest,
  now: AgreedTo,
): Promise<GrantRow | undefined> {
  const isFresh = request.iat - request.auth_time <= freshSignIn;
  if (request.ask_again || !isFresh) return undefined;
  const [latest] = await rowsOf<GrantRow & { is_same: boolean }>(
    manager,
    `SELECT *, scope = $5 AND agreed_to - 'attested' = $6::jsonb - 'attested'
              AND agreed_to->'attested' <= $6::jsonb->'attested' AS is_same
     FROM app_grant
     WHERE environment = $1 AND sub = $2 AND client_id = $3 AND patient = $4 AND status = 'active'
       AND related_person IS NOT DISTINCT FROM $7
       AND expires_at > now() + make_interval(secs => ${shortestRest})
     ORDER BY created_at DESC LIMIT 1 FOR UPDATE`,
    [
      request.environment,
      request.sub,
      request.client_id,
      request.patient,
      request.scope,
      JSON.stringify(now),
      request.representation?.related_person ?? null,
    ],
  );
  return latest?.is_same ? latest : undefined;
}

/** Makes the next request of an app ask the member again. The standing grants stay active. */
export async function forgetYes(
  manager: EntityManager,
  { environment, sub, client_id, patient }: Pick<GrantRow, 'environment' | 'sub' | 'client_id' | 'patient'>,
): Promise<void> {
  await manager.query(
    `UPDATE app_grant SET agreed_to = NULL
     WHERE environment = $1 AND sub = $2 AND client_id = $3 AND patient = $4 AND status <> 'revoked'`,
    [environment, sub, client_id, patient],
  );
}
