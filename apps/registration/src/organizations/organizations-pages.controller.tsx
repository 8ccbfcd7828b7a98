import { Body, Controller, Get, Inject, Param, Post, Query, Req, Res } from '@nestjs/common';
import { CONFIG, parseBody, Problem } from '@payer/service';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ApiExcludeController } from '../http/api-docs.js';
import type { Config } from '../config.js';
import { formErrors, formStatus, sendPortalPage } from '../http/portal-page.js';
import { roleAllows } from '../organization-rights/organization-rights.js';
import type { Actor } from '../sessions/actor.js';
import { PageSession } from '../sessions/page-session.js';
import { InvitationsService } from './invitations.service.js';
import {
  invitationBody,
  memberRoleBody,
  newOrganizationBody,
  renamedOrganizationBody,
} from './organization-fields.js';
import {
  organizationActs,
  organizationAddress,
  OrganizationPage,
  OrganizationsPage,
  RemoveMemberPage,
} from './organization-page.js';
import { OrganizationRenames } from './organization-renames.service.js';
import { OrganizationsService } from './organizations.service.js';

type Fields = Record<string, string | undefined>;

/** The pages of organizations: members, roles, invitations, history. */
@ApiExcludeController()
@Controller('organizations')
export class OrganizationsPagesController {
  constructor(
    private readonly organizations: OrganizationsService,
    private readonly renames: OrganizationRenames,
    private readonly invitations: InvitationsService,
    private readonly session: PageSession,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  @Get()
  async list(@Req() request: FastifyRequest, @Res() reply: FastifyReply) {
    const actor = await this.session.require(request);
    const organizations = await this.organizations.list(actor);
    return sendPortalPage(reply, <OrganizationsPage {...this.shell(actor)} organizations={organizations} />);
  }

  @Post()
  async create(@Body() body: Fields | undefined, @Req() request: FastifyRequest, @Res() reply: FastifyReply) {
    const actor = await this.session.require(request);
    try {
      const { id } = await this.organizations.create(actor, parseBody(newOrganizationBody, body).name);
      return reply.redirect(`${organizationAddress(id)}?done=created`, 303);
    } catch (error) {
      const page = (
        <OrganizationsPage
          {...this.shell(actor)}
          organizations={await this.organizations.list(actor)}
          errors={formErrors(error, { name: 'Name' })}
          typedName={body?.name}
        />
      );
      return sendPortalPage(reply, page, formStatus(error));
    }
  }

  @Get(':organization_id')
  async show(
    @Param('organization_id') id: string,
    @Query('done') done: unknown,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const actor = await this.session.require(request);
    const act = Object.entries(organizationActs).find(([name]) => name === done)?.[1];
    return this.page(reply, actor, id, { done: act });
  }

  @Post(':organization_id/name')
  rename(
    @Param('organization_id') id: string,
    @Body() body: Fields | undefined,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    return this.act(request, reply, id, 'renamed', body, (actor) =>
      this.renames.rename(actor, id, parseBody(renamedOrganizationBody, body).name),
    );
  }

  @Post(':organization_id/invitations')
  invite(
    @Param('organization_id') id: string,
    @Body() body: Fields | undefined,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    return this.act(request, reply, id, 'invited', body, (actor) =>
      this.invitations.invite(actor, id, parseBody(invitationBody, body)),
    );
  }

  @Post(':organization_id/invitations/:invitation_id/withdraw')
  withdraw(
    @Param('organization_id') id: string,
    @Param('invitation_id') invitationId: string,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    return this.act(request, reply, id, 'withdrawn', undefined, (actor) =>
      this.invitations.withdraw(actor, id, invitationId),
    );
  }

  @Post(':organization_id/members/:account_id')
  changeRole(
    @Param('organization_id') id: string,
    @Param('account_id') accountId: string,
    @Body() body: Fields | undefined,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    return this.act(request, reply, id, 'changed', undefined, (actor) =>
      this.organizations.changeRole(actor, id, accountId, parseBody(memberRoleBody, body).role),
    );
  }

  @Get(':organization_id/members/:account_id/remove')
  async askToRemove(
    @Param('organization_id') id: string,
    @Param('account_id') accountId: string,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const actor = await this.session.require(request);
    const organization = await this.organizations.find(actor, id);
    const member = (await this.organizations.members(actor, id)).find((one) => one.account_id === accountId);
    if (!member) return reply.redirect(organizationAddress(id), 303);
    return sendPortalPage(reply, <RemoveMemberPage {...this.shell(actor)} {...{ organization, member }} />);
  }

  @Post(':organization_id/members/:account_id/remove')
  remove(
    @Param('organization_id') id: string,
    @Param('account_id') accountId: string,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    return this.act(request, reply, id, 'removed', undefined, (actor) =>
      this.organizations.remove(actor, id, accountId),
    );
  }

  /**
   * Runs a form's act. A refused form is shown again with its reasons. A person who has left sees the list of
   * organizations.
   * @throws Problem 403 for a role that has no such form, 404 for a stranger
   */
  private async act(
    request: FastifyRequest,
    reply: FastifyReply,
    id: string,
    done: keyof typeof organizationActs,
    typed: Fields | undefined,
    work: (actor: Actor) => Promise<unknown>,
  ) {
    const actor = await this.session.require(request);
    try {
      await work(actor);
    } catch (error) {
      if (error instanceof Problem && [403, 404].includes(error.getStatus())) throw error;
      const errors = formErrors(error, { role: 'Role', name: 'Name' });
      return this.page(reply, actor, id, { errors, typed }, formStatus(error));
    }
    const now = await this.session.require(request);
    const isMember = now.memberships?.some(({ organization_id }) => organization_id === id);
    return reply.redirect(isMember ? `${organizationAddress(id)}?done=${done}` : '/organizations', 303);
  }

  private async page(
    reply: FastifyReply,
    actor: Actor,
    id: string,
    shown: Partial<Parameters<typeof OrganizationPage>[0]>,
    status = 200,
  ) {
    const organization = await this.organizations.find(actor, id);
    const mayManage = roleAllows(organization.role, 'manage');
    const page = (
      <OrganizationPage
        {...this.shell(actor)}
        organization={organization}
        members={await this.organizations.members(actor, id)}
        invitations={mayManage ? await this.invitations.list(actor, id) : []}
        history={await this.organizations.history(actor, id)}
        {...shown}
      />
    );
    return sendPortalPage(reply, page, status);
  }

  private shell(actor: Actor) {
    return { planName: this.config.PLAN_NAME, actor };
  }
}
