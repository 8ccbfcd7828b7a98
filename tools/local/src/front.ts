import {
  Agent,
  createServer,
  request,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';

const healthInterval = 200;

interface Replica {
  port: number;
  isReady: boolean;
  /** Keeps connections open between requests. */
  agent: Agent;
}

/**
 * The load balancer in front of several replicas of a service. It sends requests in turn to the ready
 * replicas, over kept connections, and tries the next replica when a connection is refused. It never repeats
 * a sent request: its failure reaches the client.
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
    this.replicas = replicaPorts.map((port) => ({
      port,
      isReady: true,
      agent: new Agent({ keepAlive: true }),
    }));
  }

  async start(): Promise<void> {
    this.server = createServer((incoming, outgoing) => this.forward(incoming, outgoing));
    // As in nginx, so that clients with a kept connection rarely find it closed.
    this.server.keepAliveTimeout = 75_000;
    await new Promise<void>((resolve, reject) => {
      this.server!.once('error', reject);
      this.server!.listen(this.port, '127.0.0.1', resolve);
    });
    this.timer = setInterval(() => void this.look(), healthInterval);
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    for (const { agent } of this.replicas) agent.destroy();
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
        if (!replica.isReady) closeIdle(replica.agent);
        await answer?.body?.cancel();
      }),
    );
  }

  /** Ready replicas first, then the others, each group in turn. */
  private candidates(): Replica[] {
    this.next += 1;
    const turned = this.replicas.map((_, i) => this.replicas[(i + this.next) % this.replicas.length]!);
    return [...turned.filter((replica) => replica.isReady), ...turned.filter((replica) => !replica.isReady)];
  }

  private forward(incoming: IncomingMessage, outgoing: ServerResponse, candidates = this.candidates()): void {
    const [replica, ...others] = candidates;
    if (!replica) return fail(outgoing, 'no replica takes connections');
    const { connection: _, ...headers } = incoming.headers;
    const upstream = request(
      {
        port: replica.port,
        host: 'localhost',
        method: incoming.method,
        path: incoming.url,
        headers,
        agent: replica.agent,
      },
      (answer) => {
        const { connection: __, 'keep-alive': ___, ...answered } = answer.headers;
        outgoing.writeHead(answer.statusCode ?? 502, answered);
        answer.pipe(outgoing);
        answer.on('error', () => outgoing.destroy());
      },
    );
    upstream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED' && others.length > 0) {
        replica.isReady = false;
        return this.forward(incoming, outgoing, others);
      }
      if (outgoing.headersSent) outgoing.destroy();
      else fail(outgoing, error.message);
    });
    outgoing.on('close', () => {
      if (!outgoing.writableFinished) upstream.destroy();
    });
    incoming.pipe(upstream);
  }
}

/** Closes idle connections to a replica that is shutting down. */
function closeIdle(agent: Agent): void {
  for (const sockets of Object.values(agent.freeSockets))
    for (const socket of sockets ?? []) socket.destroy();
}

function fail(outgoing: ServerResponse, reason: string): void {
  outgoing.writeHead(502, { 'content-type': 'text/plain' }).end(reason);
}
