import { FhirError } from './fhir-error.js';
import { ReplicaAway, ReplicaWatch, type ReplicaState, type Server } from './postgres/replica-watch.js';
import type { Repository } from './repository.js';

export interface ReadReplicasOptions {
  primary: Server & { repository: Repository };
  /** Streaming replicas of the primary, each with a repository on its own connections. */
  replicas: readonly (Server & { repository: Repository })[];
  /** Milliseconds of writes that a replica may lack at most. */
  maxLag: number;
  /** Milliseconds between two checks of how far the replicas lag. */
  checkInterval?: number;
}

/** PostgreSQL ended a slow statement (57014), or `pg` gave it up. It would take as long on the primary. */
const tookTooLong = (error: unknown): boolean =>
  (error as { code?: unknown }).code === '57014' || /Query read timeout/.test((error as Error).message);

/**
 * A repository whose reads and searches streaming replicas answer, in turn. A replica that lags more than the
 * bound or does not answer is excluded until it has recovered. The primary answers when no replica can, and
 * also takes over requests that were under way. All statements of a request run on one server.
 */
export class ReadReplicas {
  readonly repository: Repository;
  private readonly watch: ReplicaWatch;

  constructor(private readonly options: ReadReplicasOptions) {
    const { primary, replicas, maxLag, checkInterval } = options;
    this.watch = new ReplicaWatch({ primary, replicas, maxLag, interval: checkInterval });
    this.repository = {
      read: (wanted) => this.ask((repository) => repository.read(wanted)),
      readVersion: (wanted) => this.ask((repository) => repository.readVersion(wanted)),
      history: (request) => this.ask((repository) => repository.history(request)),
      readBinary: (wanted) => this.ask((repository) => repository.readBinary(wanted)),
      isDeleted: (wanted) => this.ask((repository) => repository.isDeleted(wanted)),
      search: (request) => this.ask((repository) => repository.search(request)),
      everything: (request) => this.ask((repository) => repository.everything(request)),
      refuseTooManyValues: (encoded) => primary.repository.refuseTooManyValues(encoded),
      capabilities: () => primary.repository.capabilities(),
    };
  }

  /** @returns when each replica has been checked once */
  start(): Promise<void> {
    return this.watch.start();
  }

  stop(): Promise<void> {
    return this.watch.stop();
  }

  /** How far each replica lags. */
  get states(): ReplicaState[] {
    return this.watch.states;
  }

  private async ask<T>(request: (repository: Repository) => Promise<T>): Promise<T> {
    const { primary, replicas } = this.options;
    const index = this.watch.next();
    if (index === undefined) return request(primary.repository);
    try {
      return await this.watch.whileThere(index, () => request(replicas[index]!.repository));
    } catch (error) {
      if (!(error instanceof ReplicaAway)) {
        if (error instanceof FhirError || tookTooLong(error)) throw error;
        this.watch.leaveOut(index, error as Error);
      }
      return request(primary.repository);
    }
  }
}
