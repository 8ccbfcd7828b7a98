import type { EventConsumer } from '@payer/events';
import type { ServiceIdentity } from '@payer/service';
import { byEnvironment, type CloudEvent } from '@payer/smart';
import { randomUUID } from 'node:crypto';
import { AppEvents } from '../../apps/app.events.js';
import { Apps } from '../../apps/apps.js';
import type { Config } from '../../config.js';
import { GrantStatus } from '../../revocations/grant-status.js';
import { fhirApiFacts } from '../../revocations/read-facts.js';
import { RevocationEvents } from '../../revocations/revocation.events.js';
import type { RevocationMetrics } from '../../revocations/revocation-metrics.js';
import { Revocations } from '../../revocations/revocations.js';
import { FhirServer, type FhirServerOptions } from '../../rest/fhir-server.js';
import { Gateway, type GatewayOptions } from '../gateway.js';
import { OpenDirectory } from '../open-directory.js';
import { VerifiedToken } from '../verified-token.js';
import { base, claimsOf, type SimulatedToken } from './simulated-token.js';

/** The host of the simulated owners. */
export const ownersHost = 'http://owners';

/** A fact in the event log. */
export interface LoggedFact {
  type: 'app' | 'grant' | 'token';
  fact: unknown;
}

/** Signing runs on a thread whose time the simulation does not control. */
const identity = {
  call: (_callee: string, url: string) => fetch(url),
} as unknown as ServiceIdentity;

const silent = { log() {}, warn() {}, error() {}, debug() {} };

/** The access decision of one fhir-api process, assembled as in its service. */
export class SimulatedReplica {
  readonly apps = new Apps();
  private readonly revocations = new Revocations();
  readonly facts: ReturnType<typeof fhirApiFacts>;
  readonly server: FhirServer;
  private readonly controllers = {
    app: new AppEvents(this.apps),
    revocation: new RevocationEvents(this.revocations, {
      refused() {},
    } as unknown as RevocationMetrics),
  };

  /** @param work the delay of a database read */
  constructor(config: Config, tokens: readonly SimulatedToken[], work: () => Promise<void>) {
    const { apps, revocations } = this;
    const addresses = {
      sandbox: { fhirBaseUrl: base },
      production: { fhirBaseUrl: 'http://production/fhir' },
    };
    this.facts = fhirApiFacts(config, identity, { apps, revocations }, silent);
    const gateway = new Gateway({
      addresses,
      keys: { sandbox: { onChange() {} }, production: { onChange() {} } },
      apps,
      revocations,
      feeds: this.facts,
      grantStatus: new GrantStatus({
        consentUrl: `${ownersHost}/consent`,
        fetch: (url) => identity.call('consent', url),
        cacheSeconds: 5,
      }),
      // The event log is unavailable to every waiting request.
      events: { waitUntilCaughtUp: () => Promise.resolve(false) } as unknown as EventConsumer,
    } as unknown as GatewayOptions);
    const verified = new Map(
      tokens.map((each) => [each.claims.jti, new VerifiedToken('sandbox', claimsOf(each))]),
    );
    // The simulation does not test signatures.
    gateway.recall = (_environment, jti) => verified.get(jti!);
    const engine = {
      async read({ id }: { id: string }) {
        if (id === 'slow') await work();
        return { json: '{}', versionId: '1', lastUpdated: new Date() };
      },
    };
    this.server = new FhirServer({
      addresses,
      offered: byEnvironment(() => ({ everything: true })),
      openDirectory: new OpenDirectory([]),
      nextErrors: { refuseOnce: () => Promise.resolve() },
      engines: { sandbox: engine, production: engine },
      documents: byEnvironment(() => ({ versionHeaders: () => ({}) })),
      gateway,
      // Every request has its turn at once and then waits for the database only.
      fairness: {
        run: (_token: unknown, _received: number, work: (turn: object) => unknown) => work({}),
        waitBeforeRefusal: () => Promise.resolve(),
      },
      access: { count() {} },
      accessLog: { add() {} },
      requestLog: { add() {} },
      logger: silent,
    } as unknown as FhirServerOptions);
    this.facts.start();
  }

  apply({ type, fact }: LoggedFact): void {
    const event = { id: randomUUID(), time: new Date().toISOString(), data: fact };
    if (type === 'app') this.controllers.app.onAppState(event as CloudEvent<'app-updated'>);
    else if (type === 'grant')
      this.controllers.revocation.onGrantRevoked(event as CloudEvent<'grant-revoked'>);
    else this.controllers.revocation.onTokenRevoked(event as CloudEvent<'token-revoked'>);
  }
}
