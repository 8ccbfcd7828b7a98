import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, addressesFrom } from '@payer/service';
import type { FastifyReply } from 'fastify';
import type { Config } from '../config.js';
import { sendPortalPage } from '../http/portal-page.js';
import { FrontDoor } from './landing-page.js';
import { ServiceStatus } from './service-status.js';

/** The first page for a visitor who is not signed in. */
@Injectable()
export class LandingPage {
  constructor(
    private readonly status: ServiceStatus,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  async send(reply: FastifyReply) {
    const page = (
      <FrontDoor
        planName={this.config.PLAN_NAME}
        addresses={addressesFrom(this.config)}
        states={await this.status.states()}
        contact={this.config.CONTACT_EMAIL}
      />
    );
    return sendPortalPage(reply, page);
  }
}
