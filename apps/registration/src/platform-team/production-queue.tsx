import { Inject, Injectable } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { CONFIG } from '@payer/service';
import type { Config } from '../config.js';
import type { Actor } from '../developers/actor.js';
import { sendPortalPage } from '../http/portal-page.js';
import { ProductionRequestsService } from '../production-requests/production-requests.service.js';
import { QueuePage, type RefusedDecision } from './platform-pages.js';

/** The platform team's first page. */
@Injectable()
export class ProductionQueue {
  constructor(
    private readonly requests: ProductionRequestsService,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  async show(actor: Actor, reply: FastifyReply, refused?: RefusedDecision) {
    const entries = await this.requests.queue();
    return sendPortalPage(
      reply,
      <QueuePage planName={this.config.PLAN_NAME} actor={actor} entries={entries} refused={refused} />,
      refused ? 400 : 200,
    );
  }
}
