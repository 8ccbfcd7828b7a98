import { recordAndTellAudit, rowsOf } from '@payer/service';
import type { Environment } from '@payer/smart';
import type { DataSource, EntityManager } from 'typeorm';

/** The ids of a member that is being removed. */
export interface RemovedMember {
  sub: string;
  /** Null for a person without own records. */
  patient: string | null;
  member_number: string;
  /** Address of the notices. Null when nobody knows one, and when another member has the same address. */
  email: string | null;
}

const columns = 'sub, patient, member_number, email';

/**
 * Ends the sign-in of the members with this member number, `sub` or patient id: no session, code or token of
 * theirs works any more, and nobody acts for their patients. Their ids are kept until {@link endRemoval}, so
 * that a second call gives the same answer.
 * @returns the members; none when no member has the key
 * @throws Error when the key names several members, and when somebody else signs in to the same records:
 * their removal must be meant, too
 */
export function beginRemoval(
  source: DataSource,
  environment: Environment,
  key: string,
): Promise<RemovedMember[]> {
  return source.transaction(async (manager) => {
    const found = await rowsOf<RemovedMember>(
      manager,
      `SELECT sub, patient, username AS member_number, email FROM member
       WHERE environment = $1 AND (username = $2 OR sub = $2 OR patient = $2) ORDER BY username FOR UPDATE`,
      [environment, key],
    );
    refuseSeveral(found, key);
    const subs = found.map(({ sub }) => sub);
    const patients = found.flatMap(({ patient }) => patient ?? []);
    await refuseSharedRecords(manager, environment, subs, patients);
    await manager.query(
      `INSERT INTO member_removal (environment, ${columns})
       SELECT $1, sub, patient, username,
              CASE WHEN NOT EXISTS (
                SELECT FROM member other WHERE lower(other.email) = lower(member.email)
                  AND NOT (other.environment = $1 AND other.sub = ANY($2))) THEN email END
       FROM member WHERE environment = $1 AND sub = ANY($2)
       ON CONFLICT DO NOTHING`,
      [environment, subs],
    );
    const identities = await rowsOf<{ subject: string }>(
      manager,
      'SELECT subject FROM member_identity WHERE environment = $1 AND sub = ANY($2)',
      [environment, subs],
    );
    // Identities at sign-in providers, and rights to act for others, go with the member.
    await manager.query('DELETE FROM member WHERE environment = $1 AND sub = ANY($2)', [environment, subs]);
    const removed = await rowsOf<RemovedMember>(
      manager,
      `SELECT ${columns} FROM member_removal
       WHERE environment = $1 AND (sub = ANY($2) OR member_number = $3 OR sub = $3 OR patient = $3)
       ORDER BY member_number`,
      [environment, subs, key],
    );
    const subjects = identities.map(({ subject }) => subject);
    await endAccess(manager, environment, removed, subjects);
    return removed;
  });
}

/** The member number of one member may be the patient id or the `sub` of another. */
function refuseSeveral(found: readonly RemovedMember[], key: string): void {
  const ofPatient = found.filter(({ patient }) => patient === key);
  const others = found.filter((one) => !ofPatient.includes(one));
  if (others.length + Math.min(ofPatient.length, 1) < 2) return;
  const meanings = found.map((one) => {
    const names = [
      ...(one.member_number === key ? ['member number'] : []),
      ...(one.sub === key ? ['sub'] : []),
      ...(one.patient === key ? ['patient id'] : []),
    ];
    const { sub, member_number: number, patient } = one;
    return `the ${names.join(' and ')} of sub ${sub} (member number ${number}, patient id ${patient ?? 'none'})`;
  });
  throw new Error(
    `"${key}" names several members; give another key of the one to remove. It is ${meanings.join(' and ')}`,
  );
}

async function refuseSharedRecords(
  manager: EntityManager,
  environment: Environment,
  subs: readonly string[],
  patients: readonly string[],
): Promise<void> {
  const [other] = await rowsOf<{ patient: string }>(
    manager,
    'SELECT patient FROM member WHERE environment = $1 AND patient = ANY($2) AND sub <> ALL($3) LIMIT 1',
    [environment, patients, subs],
  );
  if (other)
    throw new Error(
      `somebody else signs in to the same records: give the patient id ${other.patient} to remove all who do`,
    );
}

/** Where an artifact of the engine, or of a step of the sign-in, names a member. */
const namesMember = `$.** ? (@.accountId == $id[*] || @.sub == $id[*] || @.patient == $id[*]
  || @.subject == $subject[*] || @.login_hint == $number[*])`;

/** @param subjects the names of the members at their sign-in providers */
async function endAccess(
  manager: EntityManager,
  environment: Environment,
  removed: readonly RemovedMember[],
  subjects: readonly string[],
): Promise<void> {
  const subs = removed.map(({ sub }) => sub);
  const patients = removed.flatMap(({ patient }) => patient ?? []);
  await manager.query('DELETE FROM representation WHERE environment = $1 AND patient = ANY($2)', [
    environment,
    patients,
  ]);
  await manager.query(
    'DELETE FROM oidc_artifact WHERE environment = $1 AND jsonb_path_exists(payload, $2, $3)',
    [
      environment,
      namesMember,
      JSON.stringify({
        id: [...subs, ...patients],
        subject: subjects,
        number: removed.map(({ member_number }) => member_number),
      }),
    ],
  );
  await manager.query('DELETE FROM provider_session WHERE environment = $1 AND sub = ANY($2)', [
    environment,
    subs,
  ]);
}

/**
 * Forgets the members whose removal is complete in every service, and records that in the audit trail. A step
 * or a refresh that was under way when the removal began has stored its artifacts afterwards, so they are
 * deleted once more.
 */
export async function endRemoval(
  source: DataSource,
  environment: Environment,
  subs: readonly string[],
): Promise<void> {
  await source.transaction(async (manager) => {
    const rows = await rowsOf<RemovedMember>(
      manager,
      `WITH gone AS (DELETE FROM member_removal WHERE environment = $1 AND sub = ANY($2) RETURNING ${columns})
       SELECT ${columns} FROM gone`,
      [environment, subs],
    );
    if (rows.length === 0) return;
    await endAccess(manager, environment, rows, []);
    const facts = rows.map(({ sub }) => ({
      action: 'member-removed' as const,
      actor_role: 'system' as const,
      actor: null,
      environment,
      sub,
      detail: {},
    }));
    await recordAndTellAudit(manager, 'auth-server', facts);
  });
}
