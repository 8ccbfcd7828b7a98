import type { Environment } from '@payer/smart';
import type { VerifiedToken } from '../gateway/verified-token.js';
import type { Answer } from '../rest/answer.js';
import { Meter, type SearchLimits } from '@payer/fhir-store';
import { Activity } from './activity.js';
import { Budgets, type Budget } from './budgets.js';
import { FairLimit } from './fair-limit.js';
import { ProcessorShare } from './time-share.js';

/** Milliseconds that a request may wait for its turn. */
const maxWait = 15_000;
/** Bytes of an answer that cost a millisecond: to copy, to compress and to send. */
const bytesPerMillisecond = 100_000;
/** Milliseconds of this process that a request costs beside what is measured: to receive, to judge, to send, to note. */
const costOfRequest = 0.1;
/** Milliseconds that a read costs: one statement by key on a shared connection. */
const costOfRead = 0.3;

/** What a request does once it has its turn. */
export interface Turn {
  /** Whose turn it is, for the limits further on. */
  caller: string;
  meter: Meter;
}

/**
 * Keeps one app from taking what others need. While an app is alone it may have nearly everything; once others ask, too,
 * each has a share and the turns go round by app. Behind that stands a budget of each app.
 */
export class Fairness {
  private readonly activity = new Activity();
  private readonly budgets: Budgets;
  private readonly requests: FairLimit;
  private readonly processor: ProcessorShare;
  private readonly isShared = (app: string) => this.activity.isShared(app);

  constructor(budget: Budget) {
    this.budgets = new Budgets(budget);
    this.processor = new ProcessorShare(this.isShared);
    this.requests = new FairLimit({
      slots: 512,
      perApp: { alone: 256, shared: 8 },
      maxWaiting: { perApp: 1000, inAll: 4000 },
      maxWait,
      isShared: this.isShared,
    });
  }

  /**
   * Limits of an engine.
   * @param poolSize connections of its pool; some are always left for other apps
   */
  searchLimits(poolSize: number): SearchLimits {
    const alone = Math.max(1, poolSize - 2);
    return {
      pooled: new FairLimit({
        slots: poolSize,
        perApp: { alone, shared: Math.min(2, alone) },
        maxWaiting: { perApp: 1000, inAll: 4000 },
        maxWait,
        isShared: this.isShared,
      }),
      // Each takes tens of megabytes until it is sent.
      large: new FairLimit({
        slots: 3,
        perApp: { alone: 2, shared: 1 },
        maxWaiting: { perApp: 30, inAll: 60 },
        maxWait,
        isShared: this.isShared,
      }),
    };
  }

  /**
   * Answers a request when its app's turn has come, and charges the app for it.
   * @throws Refusal 429 when the app has used up a budget, or too much of it waits
   */
  async run(token: VerifiedToken, work: (turn: Turn) => Promise<Answer>): Promise<Answer> {
    const caller = appOf(token.environment, token.claims.client_id);
    this.activity.note(caller);
    this.budgets.admit(caller, this.isShared(caller));
    await this.processor.turn(caller);
    const meter = new Meter();
    let resources = 0;
    let answer: Answer;
    try {
      answer = await this.requests.run(caller, () => {
        meter.resume();
        const answering = work({ caller, meter });
        // What is refused before it waits for anything has cost this process something, too.
        meter.pause();
        return answering;
      });
      resources = answer.resources ?? 0;
      meter.time += costOfRead + (answer.body?.length ?? 0) / bytesPerMillisecond;
    } finally {
      this.processor.charge(caller, meter.processor + costOfRequest);
      this.budgets.charge(caller, { requests: 1, resources, time: meter.time });
    }
    return { ...answer, headers: { ...answer.headers, ...this.budgets.headers(caller) } };
  }
}

const appOf = (environment: Environment, clientId: string): string => `${environment}:${clientId}`;
