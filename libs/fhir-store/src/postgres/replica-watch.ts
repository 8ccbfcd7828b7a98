import pg from 'pg';

/** A server that answers for the same database: the primary, or one of its streaming replicas. */
export interface Server {
  /** For logs and metrics; without a password. */
  name: string;
  url: string;
}

export interface ReplicaState {
  name: string;
  /** Milliseconds of writes that the replica may lack; Infinity while it is not known. */
  lag: number;
  /** Whether the replica may answer reads now. */
  isFit: boolean;
  /** Why the last check found no lag; undefined when it found one. */
  problem: string | undefined;
}

interface Watched {
  server: Server;
  pool: pg.Pool;
  /** The replica has every write that was committed before; `now` of the watch. */
  freshAt: number;
  /** Up to where the replica has replayed the log of the primary, in bytes. */
  position: number;
  problem: string | undefined;
  /** Called when the replica becomes unavailable, so that no query waits for its answer. */
  waiting: Set<(reason: Error) => void>;
}

interface Sample {
  at: number;
  position: number;
}

/** Milliseconds that a server has for the answer to a check. */
const checkTimeout = 2000;

/**
 * Which database a server answers for, and up to where its log goes. A replica has the same database id as
 * its primary.
 */
const stateOf = `
  SELECT (SELECT system_identifier FROM pg_control_system()) || '/' ||
      (SELECT oid FROM pg_database WHERE datname = current_database()) AS database,
    pg_is_in_recovery() AS "isReplica",
    pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END, '0/0')::float8
      AS position`;

interface ServerState {
  database: string;
  isReplica: boolean;
  position: number | null;
}

export interface ReplicaWatchOptions {
  primary: Server;
  replicas: readonly Server[];
  /** Milliseconds of writes that a replica may lack at most. */
  maxLag: number;
  /** Milliseconds between two checks. */
  interval?: number;
  now?: () => number;
}

/**
 * Knows how far each streaming replica lags behind its primary. It compares positions in the log: a replica
 * that has replayed the position that the primary had at an instant has every write committed before that
 * instant. So no clock of another machine matters, nothing is written, and a replica that is cut off ages
 * although its own view says that it is up to date.
 */
export class ReplicaWatch {
  private readonly primary: pg.Pool;
  private readonly watched: Watched[];
  private samples: Sample[] = [];
  private readonly now: () => number;
  private timer: NodeJS.Timeout | undefined;
  private checking: Promise<void> = Promise.resolve();
  private turn = 0;

  constructor(private readonly options: ReplicaWatchOptions) {
    this.now = options.now ?? (() => performance.now());
    this.primary = checkPool(options.primary.url);
    this.watched = options.replicas.map((server) => ({
      server,
      pool: checkPool(server.url),
      freshAt: -Infinity,
      position: -Infinity,
      problem: 'it has not been checked yet',
      waiting: new Set(),
    }));
  }

  /** Checks now and then periodically. */
  start(): Promise<void> {
    this.timer = setInterval(() => void this.check(), this.options.interval ?? 1000);
    this.timer.unref();
    return this.check();
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.checking;
    await Promise.all([this.primary, ...this.watched.map(({ pool }) => pool)].map((pool) => pool.end()));
  }

  get states(): ReplicaState[] {
    return this.watched.map((one) => ({
      name: one.server.name,
      lag: this.now() - one.freshAt,
      isFit: this.isFit(one),
      problem: one.problem,
    }));
  }

  /**
   * The index of a replica that may answer now, in turn among all such replicas. Undefined when there is
   * none.
   */
  next(): number | undefined {
    for (let n = 0; n < this.watched.length; n++) {
      this.turn = (this.turn + 1) % this.watched.length;
      if (this.isFit(this.watched[this.turn]!)) return this.turn;
    }
    return undefined;
  }

  /**
   * Excludes a replica until a check finds that it may answer again.
   * @param index of {@link next}
   */
  leaveOut(index: number, reason: Error): void {
    this.markAway(this.watched[index]!, reason.message);
  }

  /**
   * Waits for the answer of a replica.
   * @throws Error at once when the replica becomes unavailable meanwhile
   */
  async whileThere<T>(index: number, work: () => Promise<T>): Promise<T> {
    const { waiting } = this.watched[index]!;
    let away: (reason: Error) => void = () => undefined;
    const gone = new Promise<never>((_resolve, reject) => (away = reject));
    waiting.add(away);
    try {
      return await Promise.race([work(), gone]);
    } finally {
      waiting.delete(away);
    }
  }

  /** One check runs at a time. A check without an answer ends by its timeout. */
  check(): Promise<void> {
    this.checking = this.checking.then(() => this.checkAll());
    return this.checking;
  }

  private isFit({ freshAt, problem }: Watched): boolean {
    return problem === undefined && this.now() - freshAt <= this.options.maxLag;
  }

  private async checkAll(): Promise<void> {
    const at = this.now();
    const primary = await askState(this.primary).catch(() => undefined);
    // A primary that does not answer, or has become a replica, says nothing about the replicas: they age.
    if (primary && !primary.isReplica && primary.position !== null)
      this.addSample({ at, position: primary.position });
    await Promise.all(this.watched.map((one) => this.checkOne(one, primary)));
  }

  private addSample(sample: Sample): void {
    for (const one of this.watched)
      // The primary was restored, or another server took its place: the replica has another history.
      if (one.position > sample.position) this.markAway(one, 'it is ahead of the primary');
    const last = this.samples.at(-1);
    if (last && last.position > sample.position) this.samples = [];
    this.samples.push(sample);
    // The newest sample that is too old stays, for replicas that lag more.
    while (this.samples.length > 2 && this.samples[1]!.at < sample.at - 2 * this.options.maxLag)
      this.samples.shift();
  }

  private async checkOne(one: Watched, primary: ServerState | undefined): Promise<void> {
    let state: ServerState;
    try {
      state = await askState(one.pool);
    } catch (error) {
      return this.markAway(one, (error as Error).message);
    }
    const { isReplica, position, database } = state;
    if (!isReplica || position === null) return this.markAway(one, 'it is no replica');
    if (primary && primary.database !== database)
      return this.markAway(one, 'it is a replica of another database');
    one.position = position;
    const covered = this.samples.findLast((sample) => sample.position <= position);
    if (covered) one.freshAt = Math.max(one.freshAt, covered.at);
    one.problem = undefined;
  }

  private markAway(one: Watched, problem: string): void {
    one.problem = problem;
    one.freshAt = -Infinity;
    one.position = -Infinity;
    for (const away of one.waiting) away(new ReplicaAway(one.server.name, problem));
  }
}

/** A replica became unavailable during a request. */
export class ReplicaAway extends Error {
  constructor(name: string, problem: string) {
    super(`the replica ${name} is away: ${problem}`);
  }
}

async function askState(pool: pg.Pool): Promise<ServerState> {
  const { rows } = await pool.query<ServerState>(stateOf);
  return rows[0]!;
}

function checkPool(connectionString: string): pg.Pool {
  const pool = new pg.Pool({
    connectionString,
    max: 1,
    application_name: 'replica-watch',
    connectionTimeoutMillis: checkTimeout,
    query_timeout: checkTimeout,
  });
  // A connection that breaks while idle is replaced at the next check.
  pool.on('error', () => undefined);
  return pool;
}
