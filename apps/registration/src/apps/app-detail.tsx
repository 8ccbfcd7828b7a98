import { Inject, Injectable } from '@nestjs/common';
import { addressesFrom } from '@payer/service';
import type { FieldError } from '@payer/ui';
import type { FastifyReply } from 'fastify';
import { ActivityService } from '../activity/activity.service.js';
import { CONFIG, type RegistrationConfig } from '../config.js';
import type { Actor } from '../developers/actor.js';
import { sendPortalPage } from '../http/portal-page.js';
import { AppPage, type AppPageValues } from './app-pages.js';
import { AppsService } from './apps.service.js';

/** The page of one app, as its developer and the platform team see it. */
@Injectable()
export class AppDetail {
  constructor(
    private readonly apps: AppsService,
    private readonly activity: ActivityService,
    @Inject(CONFIG) private readonly config: RegistrationConfig,
  ) {}

  /**
   * @param options.secret a new client secret, shown this once
   * @param options.errors why the form that was sent is refused
   * @param options.values what was typed into it, so that nobody types it twice
   */
  async show(
    actor: Actor,
    clientId: string,
    reply: FastifyReply,
    options: { secret?: string; errors?: FieldError[]; values?: AppPageValues } = {},
  ) {
    const app = await this.apps.view(actor, clientId);
    return sendPortalPage(
      reply,
      <AppPage
        planName={this.config.PLAN_NAME}
        actor={actor}
        app={app}
        activity={await this.activity.of(clientId)}
        addresses={addressesFrom(this.config)}
        {...options}
      />,
      options.errors?.length ? 400 : 200,
    );
  }
}
