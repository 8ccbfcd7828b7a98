import { request, createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';

const healthInterval = 200;

interface Replica {
  port: number;
  isReady: boolean;
}

/**
 * Stands in front of several replicas of a service as a cluster's load balancer does: sends requests in turn to those that
 * say they are ready, and tries the next when a connection is refused. A request that was sent is never repeated.
 */
export class Front {
  private readonly replicas: Replica[];
  private next = 0;
  private server: Server | undefined;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly port: number,
    replicaPorts: readonly number[],
  ) {
    this.replicas = replicaPorts.map((port) => ({ port, isReady: true }));
  }

  async start(): Promise<void> {
    this.server = createServer((incoming, outgoing) => this.forward(incoming, outgoing));
    await new Promise<void>((resolve, reject) => {
      this.server!.once('error', reject);
      this.server!.listen(this.port, resolve);
    });
    this.timer = setInterval(() => void this.look(), healthInterval);
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    this.server?.closeAllConnections();
    await new Promise((resolve) => (this.server ? this.server.close(resolve) : resolve(undefined)));
  }

  private async look(): Promise<void> {
    await Promise.all(
      this.replicas.map(async (replica) => {
        const answer = await fetch(`http://localhost:${replica.port}/health/ready`, {
          signal: AbortSignal.timeout(1000),
        }).catch(() => undefined);
        replica.isReady = answer?.ok ?? false;
        await answer?.body?.cancel();
      }),
    );
  }

  /** Those that are ready first, each half in turn. */
  private candidates(): Replica[] {
    this.next += 1;
    const turned = this.replicas.map((_, i) => this.replicas[(i + this.next) % this.replicas.length]!);
    return [...turned.filter((replica) => replica.isReady), ...turned.filter((replica) => !replica.isReady)];
  }

  private forward(incoming: IncomingMessage, outgoing: ServerResponse, tried = 0): void {
    const replica = this.candidates()[tried];
    if (!replica) return fail(outgoing, 'no replica takes connections');
    // A connection of its own for each request: none can be closed by the replica just when it is used again.
    const upstream = request(
      {
        port: replica.port,
        host: 'localhost',
        method: incoming.method,
        path: incoming.url,
        headers: { ...incoming.headers, connection: 'close' },
        agent: false,
      },
      (answer) => {
        const { connection: _, 'keep-alive': __, ...headers } = answer.headers;
        outgoing.writeHead(answer.statusCode ?? 502, headers);
        answer.pipe(outgoing);
        answer.on('error', () => outgoing.destroy());
      },
    );
    upstream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED' && tried + 1 < this.replicas.length) {
        replica.isReady = false;
        return this.forward(incoming, outgoing, tried + 1);
      }
      if (outgoing.headersSent) outgoing.destroy();
      else fail(outgoing, error.message);
    });
    outgoing.on('close', () => upstream.destroy());
    incoming.pipe(upstream);
  }
}

function fail(outgoing: ServerResponse, reason: string): void {
  outgoing.writeHead(502, { 'content-type': 'text/plain' }).end(reason);
}
