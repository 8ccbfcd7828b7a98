import { Inject, Injectable } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { CONFIG } from '@payer/service';
import type { Config } from '../config.js';
import type { Actor } from '../sessions/actor.js';
import { sendPortalPage } from '../http/portal-page.js';
import { RequestQueue, type QueueQuery } from '../production-requests/request-queue.js';
import { ChangeDecisionsService } from '../reviewed-changes/change-decisions.service.js';
import { QueuePage } from './queue-page.js';

/** The platform team's first page. */
@Injectable()
export class ProductionQueue {
  constructor(
    private readonly queue: RequestQueue,
    private readonly changes: ChangeDecisionsService,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  async show(actor: Actor, reply: FastifyReply, filter: QueueQuery = {}, isDecided = false) {
    const page = (
      <QueuePage
        planName={this.config.PLAN_NAME}
        actor={actor}
        entries={await this.queue.find(filter)}
        changes={await this.changes.list({ status: 'pending' })}
        filter={filter}
        isDecided={isDecided}
      />
    );
    return sendPortalPage(reply, page);
  }
}
