import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, Problem, ServiceIdentity } from '@payer/service';
import { environments, type Environment } from '@payer/smart';
import { z } from 'zod';
import type { Config } from '../config.js';
import { GrantHistory } from './grant-history.js';
import { askService } from './internal-call.js';

const memberIds = z.object({ sub: z.string(), patient: z.string(), member_number: z.string().nullable() });
const answer = z.object({ members: z.array(memberIds) });
export type MemberIds = z.infer<typeof memberIds>;

/** The ways in which a query names a member: one kind of id, or any kind. */
export interface MemberFilter {
  /** Member number, `sub` or patient id. */
  member?: string | undefined;
  sub?: string | undefined;
  patient?: string | undefined;
}

/**
 * Finds the ids of a member. Asks auth-server, which owns the directory. The grant history also knows members
 * that have left the directory, and it is the only source while auth-server is unavailable.
 */
@Injectable()
export class MemberDirectory {
  constructor(
    private readonly history: GrantHistory,
    @Inject(CONFIG) private readonly config: Config,
    private readonly identity: ServiceIdentity,
  ) {}

  /**
   * The members that a query names, or undefined when it names none. Several members share a patient when
   * each of them may act for that person.
   * @param environment both environments when absent
   * @throws Problem 400 when `member` matches several people, 404 when no member matches, 503 when no source
   * answers
   */
  async find(environment: Environment | undefined, filter: MemberFilter): Promise<MemberIds[] | undefined> {
    const given = (['member', 'sub', 'patient'] as const).filter((name) => filter[name] !== undefined);
    const [by] = given;
    if (!by) return undefined;
    if (given.length > 1) throw refused(given[1]!, `cannot stand beside ${by}: name the member once.`);
    const identifier = filter[by] as string;
    const found = await Promise.all(
      (environment ? [environment] : environments).map((one) => this.findIn(one, by, identifier)),
    );
    const members = found.flat();
    if (members.length === 0)
      throw new Problem(
        404,
        'member_not_found',
        `No member ${environment ? `of ${environment} ` : ''}has this ${meaningOf[by]}.`,
      );
    return members;
  }

  private async findIn(environment: Environment, by: keyof MemberFilter, identifier: string) {
    const [listed, past] = await Promise.all([
      this.listed(environment, identifier),
      this.history.membersOf(environment, identifier),
    ]);
    const known = [...(listed ?? []), ...past].filter((ids) => by === 'member' || ids[by] === identifier);
    if (known.length === 0 && !listed)
      throw new Problem(
        503,
        'member_directory_unavailable',
        'auth-server, which has the member directory, does not answer now; try again soon.',
      );
    const members = [...new Map(known.reverse().map((ids) => [`${ids.sub} ${ids.patient}`, ids])).values()];
    if (new Set(members.map(({ patient }) => patient)).size > 1 && isAmbiguous(members, identifier))
      throw refused(by, 'is the id of several members, of different kinds; use sub or patient instead.');
    return members;
  }

  /** Undefined while auth-server is unavailable. */
  private async listed(environment: Environment, identifier: string): Promise<MemberIds[] | undefined> {
    const { AUTH_SERVER_INTERNAL_URL, AUTH_SERVER_URL } = this.config;
    const base = AUTH_SERVER_INTERNAL_URL?.replace(/\/$/, '') ?? AUTH_SERVER_URL;
    const query = new URLSearchParams({ identifier });
    const body = await askService(
      'auth-server',
      `${base}/internal/${environment}/members`,
      query,
      this.identity,
    );
    return body === undefined ? undefined : answer.parse(body).members;
  }
}

const meaningOf = {
  member: 'member number, sub or patient id',
  sub: 'sub',
  patient: 'patient id',
} as const satisfies Record<keyof MemberFilter, string>;

/** Whether the identifier is, for example, the member number of one member and the patient id of another. */
function isAmbiguous(members: readonly MemberIds[], identifier: string): boolean {
  const kinds = (['member_number', 'sub', 'patient'] as const).filter((kind) =>
    members.some((ids) => ids[kind] === identifier),
  );
  return kinds.length > 1;
}

function refused(field: string, message: string): Problem {
  return new Problem(400, 'invalid_request', `${field} ${message}`, [{ field, message }]);
}
