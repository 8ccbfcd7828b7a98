import { rowsOf, type Queryable } from '@payer/service';
import type { Environment } from '@payer/smart';

/**
 * The `sub` of the member with this subject at the provider, or undefined if the roster has no such member.
 */
export async function memberOfSubject(
  db: Queryable,
  environment: Environment,
  provider: string,
  subject: string,
): Promise<string | undefined> {
  const [row] = await rowsOf<{ sub: string }>(
    db,
    'SELECT sub FROM member_identity WHERE environment = $1 AND provider = $2 AND subject = $3',
    [environment, provider, subject],
  );
  return row?.sub;
}
