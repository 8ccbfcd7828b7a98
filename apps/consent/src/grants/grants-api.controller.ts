import { Controller, Delete, Get, Header, HttpCode, Param, Req, UseFilters } from '@nestjs/common';
import { Problem, ProblemFilter } from '@payer/service';
import { environmentPath, type Environment } from '@payer/smart';
import type { FastifyRequest } from 'fastify';
import { MemberSessions, type SignedInMember } from '../http/member-session.js';
import { Grants, type ListedGrant } from './grants.js';
import { Redemptions } from './redemptions.js';
import { maySee } from './visible-grants.js';

/** The member's own grants as JSON, with the member's session cookie. */
@Controller(`${environmentPath}/api/grants`)
@UseFilters(ProblemFilter)
export class GrantsApiController {
  constructor(
    private readonly grants: Grants,
    private readonly redemptions: Redemptions,
    private readonly sessions: MemberSessions,
  ) {}

  @Get()
  @Header('cache-control', 'no-store')
  async list(@Param('environment') environment: Environment, @Req() request: FastifyRequest) {
    const member = await this.member(request, environment);
    const isKnown = await this.redemptions.checkOf(environment, member.sub);
    const grants = await this.grants.ofMember(environment, member);
    // A pending grant gives no access. It is shown only while its redemption is unknown.
    return { grants: grants.filter(({ status }) => status !== 'pending' || !isKnown).map(view) };
  }

  /** Revokes a grant. Revoking it again changes nothing. */
  @Delete(':grant_id')
  @HttpCode(204)
  async end(
    @Param('environment') environment: Environment,
    @Param('grant_id') grantId: string,
    @Req() request: FastifyRequest,
  ): Promise<void> {
    const member = await this.member(request, environment);
    if ((await this.grants.endOwn(environment, member, grantId)) > 0) return;
    const grant = await this.grants.find(grantId);
    if (!grant || !maySee(grant, member) || grant.environment !== environment)
      throw new Problem(404, 'not_found', 'You have no grant with this grant_id; GET the list of yours.');
  }

  private async member(request: FastifyRequest, environment: Environment): Promise<SignedInMember> {
    const member = await this.sessions.find(request, environment);
    if (!member)
      throw new Problem(
        401,
        'not_signed_in',
        `Sign in first, in a browser, at /${environment}/; then send its cookie.`,
      );
    return member;
  }
}

function view(grant: ListedGrant) {
  return {
    grant_id: grant.grant_id,
    client_id: grant.client_id,
    client_name: grant.client_name,
    organization: grant.organization,
    environment: grant.environment,
    patient: grant.patient,
    /** Present when a representative gave the grant. */
    ...(grant.related_person
      ? {
          related_person: grant.related_person,
          relationship: grant.relationship,
          patient_name: grant.patient_name,
          given_by_name: grant.given_by_name,
        }
      : {}),
    scope: grant.scope,
    sensitive: grant.sensitive,
    status: grant.status,
    since: grant.created_at,
    until: grant.expires_at,
    revoked_at: grant.revoked_at,
    revoked_reason: grant.revoked_reason,
    last_used: grant.last_used,
  };
}
