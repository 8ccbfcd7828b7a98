import { Body, Controller, Get, Param, Patch, Post, UseGuards } from '@nestjs/common';
import { parseBody } from '@payer/service';
import { z } from 'zod';
import { CurrentActor, type Actor } from '../sessions/actor.js';
import { BearerGuard } from '../sessions/bearer.guard.js';
import { NeedsDuty } from '../sessions/duties.js';
import { ApiCall, ApiTags } from '../http/api-docs.js';
import { PlatformTeamGuard } from '../sessions/platform-team.guard.js';
import { memberChangeBody, newMemberBody, teamMember, TeamService } from './team.service.js';

/** The accounts of the platform team, for its administrators. */
@ApiTags('platform team')
@Controller('api/team')
@UseGuards(BearerGuard, PlatformTeamGuard)
@NeedsDuty('manage-team')
export class TeamController {
  constructor(private readonly team: TeamService) {}

  @Get()
  @ApiCall({
    summary: 'Platform team: its members and their roles',
    answer: z.array(teamMember),
    errors: [403],
  })
  list() {
    return this.team.list();
  }

  @Post()
  @ApiCall({
    summary: 'Platform team: add a person, who chooses a password by the link of a mail',
    body: newMemberBody,
    status: 201,
    answer: teamMember,
    errors: [400, 403, 409],
  })
  add(@CurrentActor() actor: Actor, @Body() body: unknown) {
    return this.team.add(actor, parseBody(newMemberBody, body));
  }

  @Patch(':id')
  @ApiCall({
    summary: 'Platform team: change roles; end the account, or open it again',
    body: memberChangeBody,
    answer: teamMember,
    errors: [400, 403, 404, 409],
  })
  change(@CurrentActor() actor: Actor, @Param('id') id: string, @Body() body: unknown) {
    return this.team.change(actor, id, parseBody(memberChangeBody, body));
  }
}
