import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, UseGuards } from '@nestjs/common';
import { parseBody } from '@payer/service';
import { z } from 'zod';
import { ApiCall, ApiTags } from '../http/api-docs.js';
import { CurrentActor, type Actor } from '../sessions/actor.js';
import { BearerGuard } from '../sessions/bearer.guard.js';
import { InvitationsService } from './invitations.service.js';
import {
  acceptBody,
  invitationBody,
  invitationView,
  memberRoleBody,
  newOrganizationBody,
  renamedOrganizationBody,
  organizationActView,
  organizationMemberView,
  organizationView,
} from './organization-fields.js';
import { OrganizationRenames } from './organization-renames.service.js';
import { OrganizationsService } from './organizations.service.js';

@ApiTags('organizations')
@Controller('api')
@UseGuards(BearerGuard)
export class OrganizationsController {
  constructor(
    private readonly organizations: OrganizationsService,
    private readonly renames: OrganizationRenames,
    private readonly invitations: InvitationsService,
  ) {}

  @Get('organizations')
  @ApiCall({ summary: 'Your organizations, with your role in each', answer: z.array(organizationView) })
  list(@CurrentActor() actor: Actor) {
    return this.organizations.list(actor);
  }

  @Post('organizations')
  @ApiCall({
    summary: 'Create an organization; you are its admin',
    body: newOrganizationBody,
    status: 201,
    answer: organizationView,
    errors: [400, 403, 409],
  })
  create(@CurrentActor() actor: Actor, @Body() body: unknown) {
    return this.organizations.create(actor, parseBody(newOrganizationBody, body).name);
  }

  @Patch('organizations/:organization_id')
  @ApiCall({
    summary:
      'Rename an organization. Its approved apps keep the reviewed name in production until the platform team ' +
      'approves the new one',
    body: renamedOrganizationBody,
    answer: organizationView,
    errors: [400, 403, 404, 409],
  })
  rename(@CurrentActor() actor: Actor, @Param('organization_id') id: string, @Body() body: unknown) {
    return this.renames.rename(actor, id, parseBody(renamedOrganizationBody, body).name);
  }

  @Get('organizations/:organization_id/members')
  @ApiCall({ summary: 'The members', answer: z.array(organizationMemberView), errors: [404] })
  members(@CurrentActor() actor: Actor, @Param('organization_id') id: string) {
    return this.organizations.members(actor, id);
  }

  @Patch('organizations/:organization_id/members/:account_id')
  @HttpCode(204)
  @ApiCall({ summary: 'Change a role', body: memberRoleBody, status: 204, errors: [400, 403, 404, 409] })
  async changeRole(
    @CurrentActor() actor: Actor,
    @Param('organization_id') id: string,
    @Param('account_id') accountId: string,
    @Body() body: unknown,
  ): Promise<void> {
    await this.organizations.changeRole(actor, id, accountId, parseBody(memberRoleBody, body).role);
  }

  @Delete('organizations/:organization_id/members/:account_id')
  @HttpCode(204)
  @ApiCall({ summary: 'Remove a member; with your own id you leave', status: 204, errors: [403, 404, 409] })
  async remove(
    @CurrentActor() actor: Actor,
    @Param('organization_id') id: string,
    @Param('account_id') accountId: string,
  ): Promise<void> {
    await this.organizations.remove(actor, id, accountId);
  }

  @Get('organizations/:organization_id/history')
  @ApiCall({
    summary: 'Who did what to the apps and the members, the newest first, at most 200',
    answer: z.array(organizationActView),
    errors: [404],
  })
  history(@CurrentActor() actor: Actor, @Param('organization_id') id: string) {
    return this.organizations.history(actor, id);
  }

  @Get('organizations/:organization_id/invitations')
  @ApiCall({ summary: 'The open invitations', answer: z.array(invitationView), errors: [403, 404] })
  openInvitations(@CurrentActor() actor: Actor, @Param('organization_id') id: string) {
    return this.invitations.list(actor, id);
  }

  @Post('organizations/:organization_id/invitations')
  @ApiCall({
    summary: 'Invite a colleague by mail; the link works once, for seven days',
    body: invitationBody,
    status: 201,
    answer: invitationView,
    errors: [400, 403, 404, 409],
  })
  invite(@CurrentActor() actor: Actor, @Param('organization_id') id: string, @Body() body: unknown) {
    return this.invitations.invite(actor, id, parseBody(invitationBody, body));
  }

  @Delete('organizations/:organization_id/invitations/:invitation_id')
  @HttpCode(204)
  @ApiCall({ summary: 'Withdraw an invitation', status: 204, errors: [403, 404] })
  async withdraw(
    @CurrentActor() actor: Actor,
    @Param('organization_id') id: string,
    @Param('invitation_id') invitationId: string,
  ): Promise<void> {
    await this.invitations.withdraw(actor, id, invitationId);
  }

  @Post('invitations')
  @HttpCode(200)
  @ApiCall({
    summary: 'Accept an invitation with the token of its link; your address must be the invited one',
    body: acceptBody,
    answer: organizationView,
    errors: [400, 403],
  })
  accept(@CurrentActor() actor: Actor, @Body() body: unknown) {
    return this.invitations.accept(actor, parseBody(acceptBody, body).token);
  }
}
