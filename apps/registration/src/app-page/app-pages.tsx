import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, addressesFrom, parseQuery, Problem, TooManyRequests } from '@payer/service';
import type { FieldError } from '@payer/ui';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { DataSource } from 'typeorm';
import { z } from 'zod';
import { mayDevelop } from '../apps/app-access.js';
import type { AppFormValues } from '../apps/app-fields.js';
import type { AppView } from '../apps/app-view.js';
import { refusedChange } from '../apps/pending-change.js';
import { AppsService } from '../apps/apps.service.js';
import type { Config } from '../config.js';
import type { Actor } from '../sessions/actor.js';
import { PageSession } from '../sessions/page-session.js';
import { formErrors, formStatus, sendPortalPage } from '../http/portal-page.js';
import type { AnswerFields } from '../production-requests/answers-form.js';
import { ConversationService } from '../production-requests/conversation.service.js';
import { answersOfApp } from '../production-requests/production-requests.service.js';
import { portalRedirectUri } from '../apps/portal-redirect-uri.js';
import { Trials } from '../try-it/trials.js';
import type { AuthenticationFields } from './authentication-form.js';
import { CredentialsPage } from './credentials-page.js';
import { LeversPage, type LeverFields } from './levers-page.js';
import { NewSecretCookie } from './new-secret-cookie.js';
import { OverviewPage } from './overview-page.js';
import { ProductionPage } from './production-page.js';
import { RedirectUrisPage } from './redirect-uris-page.js';
import { SettingsPage } from './settings-page.js';
import { LeversService } from '../levers/levers.service.js';
import { WebhookEndpointsService } from '../webhooks/webhook-endpoints.service.js';
import { WebhookLogService } from '../webhooks/webhook-log.service.js';
import { WebhooksPage } from './webhooks-page.js';
import type { WebhookFields } from './webhooks-pages.controller.js';
import { doneWords, tabAddress, type AppTab, type Done } from './tabs.js';

const doneQuery = z.object({ done: z.enum(doneWords).optional() });

/** The content of a refused form: the reasons and the typed values. */
export interface Refusal {
  errors: FieldError[];
  settings?: AppFormValues;
  redirectUri?: string;
  answers?: AnswerFields;
  webhook?: WebhookFields;
  lever?: LeverFields;
  authentication?: AuthenticationFields;
}

/** The tabs whose forms show them again. Activity has another controller. */
type FormTab = Exclude<AppTab, 'activity'>;

interface Loaded {
  planName: string;
  actor: Actor;
  app: AppView;
  done?: Done;
  refusal?: Refusal;
}

/** Loads an app for its pages, sends its tabs, and handles their forms. */
@Injectable()
export class AppPages {
  constructor(
    private readonly apps: AppsService,
    private readonly session: PageSession,
    private readonly newSecret: NewSecretCookie,
    private readonly trials: Trials,
    private readonly conversation: ConversationService,
    private readonly webhooks: WebhookEndpointsService,
    private readonly webhookLog: WebhookLogService,
    private readonly levers: LeversService,
    private readonly source: DataSource,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /**
   * @param access `develop` for a page that asks before an act
   * @throws SignInFirst; Problem 404, 403 for a viewer who would develop
   */
  async load(request: FastifyRequest, clientId: string, access: 'see' | 'develop' = 'see') {
    const actor = await this.session.require(request);
    const app = await this.apps.view(actor, clientId, access);
    return { planName: this.config.PLAN_NAME, actor, app };
  }

  async show(request: FastifyRequest, reply: FastifyReply, clientId: string, tab: FormTab) {
    const { done } = parseQuery(doneQuery, request.query);
    const loaded = await this.load(request, clientId);
    return this.send(request, reply, tab, { ...loaded, done });
  }

  /**
   * Runs a form's action and redirects to a tab that reports the result. A refused form is shown again with
   * its reasons, at the tab's URL, so that a reload shows the tab itself.
   */
  async act(
    request: FastifyRequest,
    reply: FastifyReply,
    clientId: string,
    form: {
      tab: FormTab;
      done: Done;
      work: (actor: Actor) => Promise<unknown>;
      typed?: Omit<Refusal, 'errors'>;
      /** Labels of fields that only this form has. */
      labels?: Record<string, string>;
    },
  ) {
    const actor = await this.session.require(request);
    try {
      await form.work(actor);
    } catch (error) {
      // A viewer has no form to correct.
      if (error instanceof Problem && error.code === 'role_missing') throw error;
      if (error instanceof TooManyRequests) void reply.headers(error.verdict.headers);
      const errors = formErrors(error, form.labels);
      const loaded = await this.load(request, clientId);
      return this.send(
        request,
        reply,
        form.tab,
        { ...loaded, refusal: { errors, ...form.typed } },
        formStatus(error),
      );
    }
    return reply.redirect(`${tabAddress(clientId, form.tab)}?done=${form.done}`, 303);
  }

  private async send(request: FastifyRequest, reply: FastifyReply, tab: FormTab, page: Loaded, status = 200) {
    return sendPortalPage(reply, await this.pageOf(request, tab, page), status, this.trials.formTargets);
  }

  private async pageOf(request: FastifyRequest, tab: FormTab, { refusal, ...page }: Loaded) {
    const props = { ...page, errors: refusal?.errors };
    const secret = this.newSecret.read(request, page.app.client_id);
    switch (tab) {
      case 'overview':
        return <OverviewPage {...props} addresses={addressesFrom(this.config)} secret={secret} />;
      case 'credentials':
        return <CredentialsPage {...props} secret={secret} authentication={refusal?.authentication} />;
      case 'redirect-uris':
        return (
          <RedirectUrisPage
            {...props}
            typed={refusal?.redirectUri}
            portalRedirectUri={portalRedirectUri(this.config.REGISTRATION_URL)}
          />
        );
      case 'settings':
        return <SettingsPage {...props} values={refusal?.settings} />;
      case 'webhooks': {
        const of = [page.actor, page.app.client_id] as const;
        const isDeveloper = mayDevelop(page.actor, page.app);
        return (
          <WebhooksPage
            {...props}
            endpoints={await (isDeveloper ? this.webhooks.listWithSecrets(...of) : this.webhooks.list(...of))}
            messages={await this.webhookLog.list(...of)}
            typed={refusal?.webhook}
          />
        );
      }
      case 'levers':
        return (
          <LeversPage
            {...props}
            levers={await this.levers.view(page.actor, page.app.client_id)}
            typed={refusal?.lever}
          />
        );
      case 'production':
        return (
          <ProductionPage
            {...props}
            request={await this.conversation.latest(page.actor, page.app.client_id)}
            suggested={answersOfApp(page.app, page.app.organization)}
            refusedChange={await refusedChange(this.source, page.app.client_id)}
            typed={refusal?.answers}
          />
        );
    }
  }
}
