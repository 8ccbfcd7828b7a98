import { Body, Controller, Get, Inject, Param, Post, Query, Req, Res } from '@nestjs/common';
import { CONFIG, parseBody, Problem } from '@payer/service';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ApiExcludeController } from '../http/api-docs.js';
import type { Config } from '../config.js';
import type { Actor } from '../sessions/actor.js';
import { PageSession } from '../sessions/page-session.js';
import { formErrors, formStatus, sendPortalPage } from '../http/portal-page.js';
import { teamRoles } from '../team-roles/team-roles.js';
import { TeamMemberPage, TeamPage, type TeamPageProps } from './team-page.js';
import { memberChangeBody, newMemberBody, TeamService } from './team.service.js';

type Fields = Record<string, string | undefined>;

const labels = { name: 'Name', email: 'Email', roles: 'Roles' };
const rolesOf = (fields: Fields | undefined) =>
  teamRoles.filter((role) => fields?.[`role-${role}`] === 'true');

/** The accounts of the platform team, as pages for its administrators. */
@ApiExcludeController()
@Controller('platform/team')
export class TeamPagesController {
  constructor(
    private readonly team: TeamService,
    private readonly session: PageSession,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  @Get()
  async list(@Query('done') done: unknown, @Req() request: FastifyRequest, @Res() reply: FastifyReply) {
    const actor = await this.session.requirePlatformTeam(request, 'manage-team');
    return this.send(actor, reply, { done: typeof done === 'string' ? done : undefined });
  }

  @Post()
  async add(@Body() body: Fields | undefined, @Req() request: FastifyRequest, @Res() reply: FastifyReply) {
    const actor = await this.session.requirePlatformTeam(request, 'manage-team');
    const typed = { name: body?.name, email: body?.email, roles: rolesOf(body) };
    try {
      await this.team.add(actor, parseBody(newMemberBody, typed));
    } catch (error) {
      return this.send(actor, reply, { typed, errors: formErrors(error, labels) }, formStatus(error));
    }
    return reply.redirect('/platform/team?done=added', 303);
  }

  @Get(':id')
  async member(@Param('id') id: string, @Req() request: FastifyRequest, @Res() reply: FastifyReply) {
    const actor = await this.session.requirePlatformTeam(request, 'manage-team');
    return this.sendMember(actor, reply, id);
  }

  @Post(':id')
  async change(
    @Param('id') id: string,
    @Body() body: Fields | undefined,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const actor = await this.session.requirePlatformTeam(request, 'manage-team');
    const change = body?.ended === undefined ? { roles: rolesOf(body) } : { ended: body.ended === 'true' };
    try {
      await this.team.change(actor, id, parseBody(memberChangeBody, change));
    } catch (error) {
      if (error instanceof Problem && error.getStatus() === 404) throw error;
      return this.sendMember(actor, reply, id, error);
    }
    return reply.redirect('/platform/team?done=changed', 303);
  }

  private async send(
    actor: Actor,
    reply: FastifyReply,
    more: Pick<TeamPageProps, 'done' | 'errors' | 'typed'>,
    status = 200,
  ) {
    const page = (
      <TeamPage
        planName={this.config.PLAN_NAME}
        actor={actor}
        members={await this.team.list()}
        hasProvider={this.config.PLATFORM_PROVIDER !== undefined}
        {...more}
      />
    );
    return sendPortalPage(reply, page, status);
  }

  private async sendMember(actor: Actor, reply: FastifyReply, id: string, error?: unknown) {
    const member = (await this.team.list()).find((one) => one.id === id);
    if (!member) throw new Problem(404, 'person_not_found', 'There is no such person in the team.');
    const errors = error === undefined ? [] : formErrors(error, labels);
    const page = (
      <TeamMemberPage planName={this.config.PLAN_NAME} actor={actor} member={member} errors={errors} />
    );
    return sendPortalPage(reply, page, error === undefined ? 200 : formStatus(error));
  }
}
