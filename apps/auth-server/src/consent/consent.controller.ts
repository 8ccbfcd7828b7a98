import { Controller, Get, Inject, Param, Query, Req, Res } from '@nestjs/common';
import { CONFIG, Problem } from '@payer/service';
import { isSensitiveKind, planRules, type AppState, type Environment } from '@payer/smart';
import { languageOf } from '@payer/ui';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { decodeJwt } from 'jose';
import { DataSource } from 'typeorm';
import { whyNotAllowed } from '../clients/app-rules.js';
import { Apps } from '../clients/apps.js';
import type { Config } from '../config.js';
import { grantHasEnded } from '../grants/revoke-grant.js';
import { Keys } from '../keys/keys.js';
import { newGrant, saveGrant } from '../engine/new-grant.js';
import { scopesNamedOnRequest, toleratedScopeParameter } from '../engine/offline-access.js';
import type { GrantChoices } from '../engine/patched-models.js';
import { Providers } from '../engine/providers.js';
import {
  PatientChoices,
  type ChosenPatient,
  type OfferedPatients,
  type PatientChoice,
} from '../representation/patient-choices.js';
import {
  interactionPath,
  Interactions,
  redirect,
  type InteractionDetails,
} from '../interactions/interactions.js';
import { ConsentMessages } from './consent-messages.js';
import { makeConsentRequest } from './consent-request.js';
import { ConsentEncryptionKey } from './encryption-key.js';

/**
 * The second step of an interaction: the browser carries a consent request to consent and returns with the
 * decision.
 */
@Controller(interactionPath)
export class ConsentController {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly messages: ConsentMessages,
    private readonly encryption: ConsentEncryptionKey,
    private readonly source: DataSource,
    private readonly apps: Apps,
    private readonly choices: PatientChoices,
    private readonly keys: Keys,
    private readonly providers: Providers,
    private readonly interactions: Interactions,
  ) {}

  /**
   * Receives the browser from `consent/begin` and sends it to consent with the consent request.
   * @param browser hash of the secret that consent keeps in this browser
   */
  @Get('consent')
  async askConsent(
    @Param('environment') environment: Environment,
    @Query('browser') browser: string | undefined,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const { uid } = request.params as { uid: string };
    // Started together, the reads go to the database in one packet.
    const [details, offered] = await Promise.all([
      this.interactions.find(environment, request, reply),
      this.choices.offeredAt(environment, uid),
    ]);
    if (!details) return reply;
    if (details.prompt.name === 'login') return redirect(reply, `/${environment}/interaction/${details.uid}`);
    const hinted = details.params.id_token_hint;
    if (typeof hinted === 'string' && decodeJwt(hinted).sub !== details.session?.accountId)
      return this.interactions.resume(request, reply, {
        error: 'login_required',
        error_description: 'another member than the one of id_token_hint has signed in',
      });
    if (!/^[\w-]{43}$/.test(browser ?? ''))
      return this.interactions.problem(request, reply, environment, 400, 'error.browserUnknown');
    const problem = await this.problemOfApp(environment, details);
    if (problem === 'page')
      return this.interactions.problem(request, reply, environment, 400, 'error.unknown');
    if (problem) return this.interactions.resume(request, reply, problem);
    return this.sendConsentRequest(environment, details, offered, String(browser), request, reply);
  }

  /**
   * Finds out whether the app was suspended or deleted since its authorization request. Then the member is
   * not asked, and a consent decision gives the app no code.
   * @returns undefined when the interaction may go on; `page` when the app must not get an answer
   */
  private async problemOfApp(
    environment: Environment,
    details: InteractionDetails,
  ): Promise<{ error: string; error_description: string } | 'page' | undefined> {
    const whyNot = (app: AppState) => whyNotAllowed(app, environment, 'authorization-code');
    const clientId = String(details.params.client_id);
    const redirectUri = String(details.params.redirect_uri);
    const app = await this.apps.findFor(
      environment,
      clientId,
      (known) => whyNot(known) === undefined && known.redirect_uris.includes(redirectUri),
    );
    // The app's redirect URI was removed meanwhile: no answer may go there.
    if (app && !app.redirect_uris.includes(redirectUri)) return 'page';
    const problem = app ? whyNot(app) : 'the app is not known any more';
    return problem === undefined ? undefined : { error: 'unauthorized_client', error_description: problem };
  }

  /** Receives the browser with the consent decision. */
  @Get('decision')
  async decided(
    @Param('environment') environment: Environment,
    @Query('decision') token: string | undefined,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const decision = await this.messages
      .decision(token ?? '', this.config.addresses[environment])
      .catch((error: unknown) => {
        request.log.warn({ reason: (error as Error).message }, 'a consent decision was refused');
        return undefined;
      });
    const { uid } = request.params as { uid: string };
    // Started together, the reads go to the database in one packet.
    const [details, offered, hasEnded] = await Promise.all([
      // A double click brings the same decision twice. The second time, its interaction may be finished.
      this.interactions.find(environment, request, reply, 'repeat'),
      decision && this.choices.of(environment, uid, decision.sub),
      decision?.decision === 'allow' && grantHasEnded(this.source, decision.grant_id),
    ]);
    if (!details) return reply;
    if (!decision || !offered)
      return this.interactions.problem(request, reply, environment, 400, 'error.answerLate');
    // A decision is valid only for the interaction, the member and the app that it names.
    const isMine =
      decision.interaction === details.uid &&
      decision.sub === details.session?.accountId &&
      decision.client_id === details.params.client_id;
    if (!isMine) return this.interactions.problem(request, reply, environment, 400, 'error.answerForeign');
    if (decision.decision === 'deny')
      return this.interactions.resume(request, reply, {
        error: 'access_denied',
        error_description: 'the member decided not to share',
      });
    const problem = await this.problemOfApp(environment, details);
    if (problem === 'page')
      return this.interactions.problem(request, reply, environment, 400, 'error.unknown');
    if (problem) return this.interactions.resume(request, reply, problem);
    const { member, choice: chosen } = offered;
    // The right to act for the patient may have ended while the member decided.
    if (!member || !isPatient(chosen))
      return this.interactions.problem(request, reply, environment, 403, 'error.rightEnded');
    // A decision of the previous version is about the member's own records.
    const isChosen = decision.choice ? decision.choice === chosen.choice : chosen.patient === member.patient;
    if (!isChosen) return this.interactions.problem(request, reply, environment, 400, 'error.answerForeign');
    const rightEnds = chosen.representation?.ends_at?.getTime() ?? Infinity;
    const end = Math.min(decision.grant_expires_at, Math.floor(rightEnds / 1000));
    const seconds = end - Math.floor(Date.now() / 1000);
    if (seconds <= 0 || hasEnded)
      return this.interactions.problem(request, reply, environment, 400, 'error.grantEnded');
    const scopes = scopesOf(await this.apps.find(decision.client_id));
    const provider = this.providers.of(environment);
    const grant = newGrant(provider, decision.sub, decision.client_id);
    // The engine's grant has the id of consent's grant.
    grant.jti = decision.grant_id;
    grant.addOIDCScope(scopes.filter((scope) => !scope.includes('/')).join(' '));
    grant.addResourceScope(this.config.addresses[environment].fhirBaseUrl, scopes.join(' '));
    const choices: GrantChoices = {
      sensitive: (decision.sensitive ?? []).filter(isSensitiveKind),
      createdAt: decision.grant_created_at,
      tolerated: String(details.params[toleratedScopeParameter] ?? '')
        .split(' ')
        .filter((scope) => scopesNamedOnRequest.includes(scope)),
      patient: chosen.patient,
      relatedPerson: chosen.representation?.related_person,
    };
    Object.assign(grant, choices);
    await this.interactions.within(request, () => saveGrant(grant, seconds));
    return this.interactions.resume(request, reply, { consent: { grantId: decision.grant_id } });
  }

  private async sendConsentRequest(
    environment: Environment,
    details: InteractionDetails,
    { member, choice: patient, rights: others }: OfferedPatients,
    browser: string,
    request: FastifyRequest,
    reply: FastifyReply,
  ) {
    const addresses = this.config.addresses[environment];
    const app = await this.apps.findIn(environment, String(details.params.client_id));
    const isMine = member !== undefined && member.sub === details.session?.accountId;
    if (!app || !isMine) return this.interactions.problem(request, reply, environment, 400, 'error.unknown');
    const authTime = await this.interactions.within(request, () => this.signedInAt(environment, details));
    const choosePath = `/interaction/${details.uid}/patient`;
    if (patient === 'ask') return redirect(reply, `/${environment}${choosePath}`);
    if (patient === 'nobody')
      return this.interactions.problem(request, reply, environment, 403, 'error.rightEnded');
    const hasOthers = others.length + (member.patient ? 1 : 0) > 1;
    let recipient;
    try {
      recipient = await this.encryption.current();
    } catch (error) {
      request.log.error({ reason: (error as Error).message }, 'the consent page cannot be reached');
      void reply.header('retry-after', '5');
      return this.interactions.problem(request, reply, environment, 503, 'error.consentAway');
    }
    const consentRequest = await makeConsentRequest(this.keys, recipient, addresses, {
      interaction: details.uid,
      browser,
      app,
      member,
      patient,
      choosePatientUrl: hasOthers ? `${addresses.issuer}${choosePath}` : undefined,
      scope: scopesOf(app).join(' '),
      returnTo: `${addresses.issuer}/interaction/${details.uid}/decision`,
      signInUrl: `${addresses.issuer}/interaction/${details.uid}/sign-in`,
      language: languageOf(request, details.params.ui_locales),
      authTime,
      askAgain: String(details.params.prompt ?? '')
        .split(' ')
        .includes('consent'),
    });
    return redirect(reply, `${addresses.managementUrl}consent?request=${consentRequest}`);
  }

  /** Seconds since the epoch. */
  private async signedInAt(environment: Environment, { session }: InteractionDetails): Promise<number> {
    const found = session && (await this.providers.of(environment).Session.findByUid(session.uid));
    return found?.loginTs ?? Math.floor(Date.now() / 1000);
  }
}

const isPatient = (choice: PatientChoice | undefined): choice is ChosenPatient => typeof choice === 'object';

/**
 * The scopes of an app's tokens. The authorization endpoint has refused an app without a plan.
 * @throws Problem 400 when the app was deleted, or lost its plan, while the member decided
 */
function scopesOf(app: AppState | undefined): readonly string[] {
  if (!app?.plan) throw new Problem(400, 'invalid_request', 'The app is no longer known.');
  return planRules[app.plan].scopes;
}
