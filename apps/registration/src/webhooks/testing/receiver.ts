import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Received {
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
}

/** A server that receives webhooks on this machine and answers with the status that the test sets. */
export class Receiver {
  readonly received: Received[] = [];
  status = 204;
  location: string | undefined;
  /** A silent receiver takes messages and never answers. */
  isSilent = false;
  private readonly waiting: (() => void)[] = [];

  private constructor(private readonly server: Server) {}

  static async start(): Promise<Receiver> {
    const server = createServer();
    const receiver = new Receiver(server);
    server.on('request', (request, response) => {
      let body = '';
      request.setEncoding('utf8');
      request.on('data', (part: string) => (body += part));
      request.on('end', () => {
        receiver.received.push({ path: request.url ?? '', headers: request.headers, body });
        for (const wake of receiver.waiting.splice(0)) wake();
        if (receiver.isSilent) return;
        const isUpgrade = receiver.status === 101;
        response.writeHead(receiver.status, {
          ...(receiver.location ? { location: receiver.location } : {}),
          ...(isUpgrade ? { connection: 'upgrade', upgrade: 'another-protocol' } : {}),
        });
        response.end();
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return receiver;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/webhooks`;
  }

  /** The first message that fulfils the condition, now or later. */
  async messageWhere(condition: (body: Record<string, unknown>) => boolean): Promise<Received> {
    for (;;) {
      const found = this.received.find(({ body }) => condition(JSON.parse(body) as Record<string, unknown>));
      if (found) return found;
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    }
  }

  messageOf(type: string): Promise<Received> {
    return this.messageWhere((body) => body.type === type);
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }
}
