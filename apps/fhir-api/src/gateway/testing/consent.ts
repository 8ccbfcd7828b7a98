import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { EventPublisher } from '@payer/events';
import { tell } from './events.js';

/** Plays consent: its heartbeat, and its answer about one grant. */
export class ConsentDouble {
  readonly token = 'internal-token-of-the-test';
  /** Grants it knows to be revoked; every other one is active. */
  readonly revoked = new Set<string>();
  /** Whether it answers at all. */
  isReachable = true;
  /** Paths it was asked for. */
  readonly asked: string[] = [];
  url: string;
  private server: Server | undefined;
  private timer: NodeJS.Timeout | undefined;

  async start(): Promise<void> {
    this.server = createServer((request, response) => {
      if (!this.isReachable) return void request.socket.destroy();
      if (request.headers.authorization !== `Bearer ${this.token}`) return void response.writeHead(401).end();
      this.asked.push(request.url ?? '');
      const grantId = request.url?.split('/').at(-1) ?? '';
      response.setHeader('content-type', 'application/json').end(
        JSON.stringify({
          grant_id: grantId,
          status: this.revoked.has(grantId) ? 'revoked' : 'active',
          expires_at: new Date(Date.now() + 60_000).toISOString(),
        }),
      );
    });
    await new Promise<void>((resolve) => this.server!.listen(0, '127.0.0.1', resolve));
    this.url = `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Sends a heartbeat now and then every 300 ms. */
  async beat(publisher: EventPublisher): Promise<void> {
    const beat = () => {
      const now = new Date();
      return tell(publisher, 'heartbeat', { id: 'consent', version: now.getTime(), at: now.toISOString() });
    };
    await beat();
    this.timer = setInterval(() => void beat().catch(() => undefined), 300);
  }

  stopBeating(): void {
    clearInterval(this.timer);
  }

  async stop(): Promise<void> {
    this.stopBeating();
    this.server?.closeAllConnections();
    await new Promise((resolve) => (this.server ? this.server.close(resolve) : resolve(undefined)));
  }
}
