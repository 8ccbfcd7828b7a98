import { decodeJwt } from 'jose';
import { Browser, type App, type TokenAnswer } from '@payer/journey';
import { endByApp, endsGrant, type EndKind } from './ends.js';

export interface Member {
  username: string;
  password: string;
  patient: string;
}

/** The history of one grant; times in milliseconds since the epoch. */
export interface Story {
  grantId: string;
  /** The way in which it is revoked. */
  kind: EndKind;
  /** Time of the first answer that the grant, or its token, is revoked; undefined while it is active. */
  endedAt?: number;
  /** Start and end of the last FHIR request that was answered with data. */
  lastServed?: { start: number; end: number };
  firstRefusal?: number;
  refreshRefused?: boolean;
  token: TokenAnswer;
  patient: string;
}

/** Violations, and failures that faults may cause. */
export class Tally {
  readonly served = { requests: 0 };
  readonly unavailable = new Map<string, number>();
  readonly violations: string[] = [];
  interruptedAuthorizations = 0;

  miss(reason: string): void {
    this.unavailable.set(reason, (this.unavailable.get(reason) ?? 0) + 1);
  }
}

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const giveUp = 15_000;
/** An authorization takes several requests and a password check, on a busy machine. */
const giveUpConnecting = 45_000;

/** One member's grants for an app: authorize, use, revoke, and check that the app is refused. */
export class Storyteller {
  private browser: Browser | undefined;

  constructor(
    private readonly app: App,
    private readonly member: Member,
    private readonly tally: Tally,
    private readonly isOver: () => boolean,
  ) {}

  /** Makes a grant, with as many attempts as needed; undefined when the storm ended first. */
  async connect(kind: EndKind): Promise<Story | undefined> {
    while (!this.isOver()) {
      try {
        this.browser ??= this.app.browser();
        const token = await within(
          this.app.connect(this.member, { browser: this.browser }),
          giveUpConnecting,
        );
        const { grant_id: grantId } = decodeJwt(token.access_token) as { grant_id: string };
        return { grantId, kind, token, patient: this.member.patient };
      } catch {
        // After an interruption at any page, a person starts again.
        this.tally.interruptedAuthorizations += 1;
        this.browser = undefined;
        await pause(200);
      }
    }
    return undefined;
  }

  /** One FHIR request; records its result. */
  async use(story: Story): Promise<'served' | 'refused' | 'unavailable'> {
    const start = Date.now();
    try {
      const { status } = await within(this.app.fhir(story.token.access_token, `/Patient/${story.patient}`));
      if (status === 200) {
        this.tally.served.requests += 1;
        story.lastServed = { start, end: Date.now() };
        return 'served';
      }
      if (status === 401) {
        story.firstRefusal ??= Date.now();
        if (story.endedAt === undefined) {
          this.tally.violations.push(`live grant ${story.grantId} was refused`);
          return 'refused';
        }
        return 'refused';
      }
      if (status < 500) this.tally.violations.push(`grant ${story.grantId}: status ${status}`);
      this.tally.miss(String(status));
    } catch (error) {
      this.tally.miss((error as { cause?: { code?: string } }).cause?.code ?? (error as Error).name);
    }
    return 'unavailable';
  }

  /** Revokes the grant, or the token, in the story's way, and repeats it until the owner confirms. */
  async end(story: Story, consentUrl: string): Promise<void> {
    const { kind, token } = story;
    if (kind === 'disconnect') return this.disconnect(story, consentUrl);
    while (!this.isOver()) {
      if (await within(endByApp(this.app, kind, token)).catch(() => false)) {
        story.endedAt = Date.now();
        return;
      }
      await pause(100);
    }
  }

  /** The member disconnects the app, and repeats it until consent confirms. */
  private async disconnect(story: Story, consentUrl: string): Promise<void> {
    const url = `${consentUrl}/sandbox/api/grants/${story.grantId}`;
    while (!this.isOver()) {
      try {
        const browser = this.browser ?? (await this.signedIn());
        const answer = await within(browser.request(url, { method: 'DELETE' }));
        await answer.body?.cancel();
        if (answer.ok) {
          story.endedAt = Date.now();
          return;
        }
        if (answer.status === 401) this.browser = undefined;
      } catch {
        // The loop tries again.
      }
      await pause(100);
    }
  }

  /** After the revocation, every token of the grant is refused permanently. */
  async expectRefused(story: Story): Promise<void> {
    while (!this.isOver()) {
      if ((await this.use(story)) === 'refused') break;
      await pause(20);
    }
    if (!endsGrant(story.kind)) return;
    while (!this.isOver()) {
      const answer = await within(this.app.refresh(story.token.refresh_token ?? '')).catch(() => undefined);
      if (answer?.status === 400 && (answer.body as { error?: string }).error === 'invalid_grant') {
        story.refreshRefused = true;
        return;
      }
      await pause(200);
    }
  }

  /** The sign-in for a new grant also serves to manage the other grants. */
  private async signedIn(): Promise<Browser> {
    const browser = this.app.browser();
    await within(this.app.connect(this.member, { browser }), giveUpConnecting);
    this.browser = browser;
    return browser;
  }
}

function within<T>(work: Promise<T>, limit = giveUp): Promise<T> {
  let timer: NodeJS.Timeout;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('timeout')), limit);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}
