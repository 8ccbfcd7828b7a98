import type { Answer } from '../answer.js';
import { Meter, type SearchLimits } from '@payer/fhir-store';
import { Activity } from './activity.js';
import { Budgets, type Budget } from './budgets.js';
import { callerKey, isAnonymous, type Caller } from './caller.js';
import { FairLimit } from './fair-limit.js';
import { Slowdown } from './slowdown.js';
import { StartRounds } from './start-rounds.js';
import { throttled } from './throttled.js';
import { TimeShare } from './time-share.js';

/** Longest wait of a request for its turn, in milliseconds. */
const maxWait = 15_000;
/** The most requests of one app that wait at the same time. */
const mostWaiting = 200;
/** Bytes of a body that cost one millisecond to receive, to copy and to send. */
const bytesPerMillisecond = 100_000;
/**
 * Milliseconds of this process that a request costs beyond the measured work: to receive, to check, to send,
 * to record.
 */
const costOfRequest = 0.2;
/** Milliseconds that a read costs: one statement by key on a shared connection. */
const costOfRead = 0.3;

/**
 * Milliseconds of this process that a request without an accepted token costs: to receive, to verify, to
 * refuse.
 */
const costOfStranger = 0.5;
/** Characters of a request's URL that cost one millisecond to receive and to decode. */
const addressPerMillisecond = 50_000;
/** Milliseconds charged for a refusal. With the share of refusals, an app gets a hundred of them a second. */
const costOfRefusal = 1;

/**
 * Requests of an app that begin in one turn of the event loop while other apps are active: about a
 * millisecond of work.
 */
const startsPerRound = 4;

/** The context of a request that has its turn. */
export interface Turn {
  /** The app, for the concurrency limits further on. */
  caller: string;
  meter: Meter;
}

/** A request whose token was not verified here before. */
interface Stranger {
  ip: string;
  url: string;
}

const strangerCost = ({ url }: Stranger) => costOfStranger + url.length / addressPerMillisecond;

/**
 * Keeps one app from taking the resources that other apps need. An app that is alone may use nearly
 * everything. Once other apps are active, each app has a share, and the turns rotate by app. A budget of each
 * app is the second limit.
 */
export class Fairness {
  private readonly activity = new Activity();
  private readonly budgets: Budgets;
  private readonly requests: FairLimit;
  private readonly compressions: FairLimit;
  private readonly batches: FairLimit;
  /** Time of the one thread that every request needs. */
  private readonly thread: TimeShare;
  /** Time of the other processors: of the database, and of the threads that compress. */
  private readonly elsewhere: TimeShare;
  /** Time of the one thread for requests without an accepted token, by address. */
  private readonly strangers: TimeShare;
  private readonly refusals: TimeShare;
  private readonly rounds = new StartRounds(startsPerRound);
  private readonly slowdown = new Slowdown();
  private readonly isShared = (app: string) => this.activity.isShared(app);

  constructor(budget: Budget) {
    const { isShared } = this;
    const slowdown = () => this.slowdown.factor;
    this.budgets = new Budgets(budget);
    const inProgress = (app: string) => this.requests.inProgressOf(app);
    const refusing = { maxWaiting: mostWaiting, maxWait, beyond: 'refuse', isShared, inProgress } as const;
    this.thread = new TimeShare({
      ...refusing,
      slowdown,
      share: 0.5,
      light: 3,
      leastShare: 0.15,
      burst: 5,
      usual: 0.5,
      calmOver: 100,
    });
    this.elsewhere = new TimeShare({
      ...refusing,
      maxWaiting: 400,
      share: 1,
      light: 10,
      leastShare: 0.3,
      burst: 100,
      usual: 5,
    });
    const passing = {
      slowdown,
      maxWaiting: 2000,
      maxWait,
      beyond: 'pass',
      share: 0.1,
      light: 0,
      leastShare: 0.1,
    } as const;
    this.refusals = new TimeShare({ ...passing, burst: 3, usual: costOfRefusal, isShared });
    this.strangers = new TimeShare({
      ...passing,
      burst: 5,
      usual: costOfStranger,
      isShared: () => this.activity.isAnybodyActive,
    });
    this.requests = new FairLimit({
      slots: 512,
      perApp: { alone: 256, shared: (app) => (this.thread.isLight(app) ? 16 : 4) },
      maxWaiting: { perApp: 1000, inAll: 4000 },
      maxWait,
      isShared,
    });
    this.batches = new FairLimit({
      slots: 6,
      perApp: { alone: 3, shared: () => 1 },
      maxWaiting: { perApp: 30, inAll: 120 },
      maxWait,
      isShared,
    });
    this.compressions = new FairLimit({
      slots: 4,
      perApp: { alone: 3, shared: () => 1 },
      maxWaiting: { perApp: 1000, inAll: 4000 },
      maxWait,
      isShared,
    });
  }

  /**
   * Answers a batch when its caller has its turn. A batch holds its answers in memory until the last one,
   * also while an entry waits.
   */
  batch<Result>(by: Caller, work: () => Promise<Result>): Promise<Result> {
    return this.batches.run(callerKey(by), work);
  }

  /**
   * Concurrency limits of an engine.
   * @param poolSize connections of its pool; some connections always stay free for other apps
   */
  searchLimits(poolSize: number): SearchLimits {
    const alone = Math.max(1, poolSize - 2);
    const pooled = new FairLimit({
      slots: poolSize,
      perApp: { alone, shared: (app) => (this.elsewhere.isLight(app) ? Math.min(4, alone) : 1) },
      maxWaiting: { perApp: 1000, inAll: 4000 },
      maxWait,
      isShared: this.isShared,
    });
    return {
      pooled: { run: (caller, work) => this.runElsewhere(caller, pooled, work) },
      // Each large answer occupies tens of megabytes until it is sent.
      large: new FairLimit({
        slots: 3,
        perApp: { alone: 2, shared: () => 1 },
        maxWaiting: { perApp: 30, inAll: 60 },
        maxWait,
        isShared: this.isShared,
      }),
      mayJoin: (caller) => !this.thread.isOverdrawn(caller) && !this.elsewhere.isOverdrawn(caller),
    };
  }

  /**
   * Answers a request when its caller has its turn, and charges the caller for the request. An anonymous
   * caller has no budget: `AddressLimit` has counted its request already.
   * @param work makes an answer that belongs to this request: it gets the headers about the budget
   * @param received bytes of the request body
   * @param hasLeft whether the client has closed its connection: nobody would get the answer
   * @throws Refusal 429 when the app has used up a budget, when too many requests of the caller wait, or when
   * its client has left before its turn
   */
  async run(
    by: Caller,
    received: number,
    work: (turn: Turn) => Promise<Answer>,
    hasLeft: () => boolean = () => false,
  ): Promise<Answer> {
    const caller = callerKey(by);
    const hasBudget = !isAnonymous(by);
    this.activity.note(caller);
    if (hasBudget) this.budgets.admit(caller, this.isShared(caller));
    this.thread.admit(caller, this.requests.waitingOf(caller));
    const meter = new Meter();
    let charged = 0;
    let begun = false;
    let resources = 0;
    let answer: Answer | undefined;
    try {
      answer = await this.requests.run(caller, async () => {
        // Behind the limit: requests that were admitted at once, before the first was charged, wait here.
        charged = await this.thread.turn(caller);
        if (this.isShared(caller)) await this.rounds.turn(caller);
        meter.resume();
        if (hasLeft()) throw left();
        begun = true;
        const answering = work({ caller, meter });
        // A refusal before the first wait has cost time of this process, too.
        meter.pause();
        return answering;
      });
      resources = answer.resources ?? 0;
    } finally {
      const moving = (received + (answer?.body?.length ?? 0)) / bytesPerMillisecond;
      const used = meter.processor + costOfRequest + moving;
      if (begun) this.thread.charge(caller, used, charged);
      else this.thread.correct(caller, used - charged);
      if (hasBudget)
        this.budgets.charge(caller, {
          requests: 1,
          resources,
          time: meter.time + costOfRead + moving,
        });
    }
    if (hasBudget) answer.headers = { ...answer.headers, ...this.budgets.headers(caller) };
    return answer;
  }

  /** Compresses an answer on another thread when its caller has its turn. */
  compress<Result>(by: Caller, work: () => Promise<Result>): Promise<Result> {
    return this.runElsewhere(callerKey(by), this.compressions, work);
  }

  /**
   * Makes a request without a verified token wait while apps are active and many such requests come from its
   * address. No app can be charged for these requests, and each request costs time of the thread.
   */
  async waitAsStranger(request: Stranger): Promise<void> {
    const cost = strangerCost(request);
    this.strangers.charge(request.ip, cost, await this.strangers.turn(request.ip, cost));
  }

  /**
   * Charges the app of a verified token for the verification, in place of the address: behind a load balancer
   * all apps have one address, and each member's first request of an hour has a new token.
   */
  acceptStranger(request: Stranger, by: Caller): void {
    const cost = strangerCost(request);
    this.strangers.correct(request.ip, -cost);
    this.thread.correct(callerKey(by), cost);
  }

  /**
   * Waits before a refusal is sent to a caller while others are active. Otherwise a caller that repeats its
   * request at once would be refused as fast as this process can work.
   */
  async waitBeforeRefusal(by: Caller): Promise<void> {
    const caller = callerKey(by);
    this.refusals.charge(caller, costOfRefusal, await this.refusals.turn(caller, costOfRefusal));
  }

  private async runElsewhere<Result>(
    caller: string,
    limit: FairLimit,
    work: () => Promise<Result>,
  ): Promise<Result> {
    const charged = await this.elsewhere.turn(caller);
    let took = 0;
    try {
      return await limit.run(caller, async () => {
        const begun = performance.now();
        try {
          return await work();
        } finally {
          took = performance.now() - begun;
        }
      });
    } finally {
      this.elsewhere.charge(caller, took / this.slowdown.factor, charged);
    }
  }
}

const left = () => throttled('The client closed its connection while the request waited for its turn.', 1);
