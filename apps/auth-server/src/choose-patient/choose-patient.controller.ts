import { Body, Controller, Get, Inject, Param, Post, Req, Res } from '@nestjs/common';
import { CONFIG } from '@payer/service';
import type { Environment } from '@payer/smart';
import type { TextKey } from '@payer/ui';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Apps } from '../clients/apps.js';
import type { Config } from '../config.js';
import { Members } from '../members/members.js';
import {
  interactionPath,
  Interactions,
  redirect,
  type InteractionDetails,
} from '../interactions/interactions.js';
import { renderChoosePatientPage } from './choose-patient-page.js';
import { PatientChoices } from '../representation/patient-choices.js';
import { Representations } from '../representation/representations.js';

/** Asks a signed-in member whose records the app shall see. */
@Controller(`${interactionPath}/patient`)
export class ChoosePatientController {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly apps: Apps,
    private readonly members: Members,
    private readonly representations: Representations,
    private readonly choices: PatientChoices,
    private readonly interactions: Interactions,
  ) {}

  @Get()
  async show(
    @Param('environment') environment: Environment,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const details = await this.interactions.find(environment, request, reply);
    return details ? this.page(environment, details, request, reply) : reply;
  }

  @Post()
  async choose(
    @Param('environment') environment: Environment,
    @Body() body: { patient?: unknown } | undefined,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const details = await this.interactions.find(environment, request, reply, 'repeat');
    if (!details) return reply;
    const member = await this.members.find(environment, details.session?.accountId ?? '');
    const patient = typeof body?.patient === 'string' ? body.patient.replaceAll('\0', '') : '';
    if (member && !(await this.choices.choose(environment, details.uid, member, patient))) {
      request.log.warn('a member chose a patient for whom they may not act');
      void reply.code(403);
      return this.page(environment, details, request, reply, 'choose.problem.text');
    }
    return redirect(reply, `/${environment}/interaction/${details.uid}`);
  }

  private async page(
    environment: Environment,
    details: InteractionDetails,
    request: FastifyRequest,
    reply: FastifyReply,
    problem?: TextKey,
  ) {
    const app = await this.apps.findIn(environment, String(details.params.client_id));
    const member = await this.members.find(environment, details.session?.accountId ?? '');
    // Nobody has signed in yet, or the interaction is not about an app.
    if (details.prompt.name === 'login' || !app || !member)
      return redirect(reply, `/${environment}/interaction/${details.uid}`);
    return this.interactions.send(
      reply,
      renderChoosePatientPage({
        texts: this.interactions.textsOf(request, details),
        planName: this.config.PLAN_NAME,
        environment,
        app,
        member,
        others: await this.representations.of(environment, member.sub),
        cancelAction: `/${environment}/interaction/${details.uid}/cancel`,
        problem,
      }),
    );
  }
}
