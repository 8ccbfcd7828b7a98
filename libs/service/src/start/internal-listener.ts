import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';

/** Routes for the platform's own services, its probes and its metrics collector. */
const internalRoute = /(^|\/)(internal|health|metrics)(\/|$)/;

/**
 * A second port of the service. With it, the public port answers 404 for the routes of probes, metrics and
 * other services. The second port answers all routes.
 */
export class InternalListener {
  private readonly sockets = new WeakSet<Socket>();
  private readonly server: Server;

  constructor(fastify: FastifyInstance) {
    this.server = createServer((request, response) => fastify.routing(request, response));
    this.server.on('connection', (socket) => this.sockets.add(socket));
    // Checks the route, not the path as sent, because a path can be written in several ways.
    fastify.addHook('onRequest', (request, reply, done) => {
      const isPublic = !internalRoute.test(request.routeOptions.url ?? '');
      if (isPublic || this.sockets.has(request.raw.socket)) return done();
      void reply.code(404).type('application/problem+json').send({
        title: 'not found',
        status: 404,
        code: 'not_found',
        detail: 'There is nothing at this address.',
      });
    });
  }

  /**
   * @param port 0 chooses a free port (tests)
   * @returns the port
   */
  async listen(port: number, host: string): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(port, host, resolve);
    });
    return (this.server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.server.closeIdleConnections();
    const forced = setTimeout(() => this.server.closeAllConnections(), 1000);
    await closed;
    clearTimeout(forced);
  }
}
