import type { Environment } from '@payer/smart';
import type { DataSource } from 'typeorm';
import { Grants } from '../grants/grants.js';

/** The ids of removed members and of their records. */
export interface RemovedIds {
  subs: readonly string[];
  patients: readonly string[];
}

/**
 * Ends all grants of members, and all grants for their records that others gave. Forgets open consent
 * requests, sessions and the numbers of records. Ended grants stay, because the law wants them kept (45 CFR
 * §164.316(b)(2)(i)); afterwards they hold ids of the member only. A second call changes nothing.
 * @returns how many grants it ended
 */
export async function removeFromConsent(
  source: DataSource,
  environment: Environment,
  { subs, patients }: RemovedIds,
): Promise<number> {
  await source.query(
    `DELETE FROM pending_consent WHERE environment = $1 AND (sub = ANY($2) OR request->>'patient' = ANY($3))`,
    [environment, subs, patients],
  );
  await source.query('DELETE FROM session WHERE subject = ANY($1)', [subs]);
  const grants = new Grants(source);
  let ended = 0;
  // A grant that continues another one may come while the first ones are ended.
  for (let more = 1; more > 0; ended += more)
    more = await grants.end(
      'environment = $2 AND (sub = ANY($3) OR patient = ANY($4))',
      [environment, subs, patients],
      'platform',
    );
  await source.query(
    `UPDATE app_grant SET
       patient_name = CASE WHEN patient = ANY($3) THEN NULL ELSE patient_name END,
       given_by_name = CASE WHEN sub = ANY($2) THEN NULL ELSE given_by_name END
     WHERE environment = $1 AND (sub = ANY($2) OR patient = ANY($3)) AND related_person IS NOT NULL`,
    [environment, subs, patients],
  );
  await source.query('DELETE FROM record_count WHERE environment = $1 AND patient = ANY($2)', [
    environment,
    patients,
  ]);
  return ended;
}
