import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { limits } from '../database/watched-connection.js';
import { OutboxRelay } from '../relay/outbox-relay.js';
import { PostgresEventLog } from './log.js';
import { endSession, openSession } from './session.js';

/** PostgreSQL's AuthenticationOk and ReadyForQuery (Frontend/Backend Protocol, message formats). */
const accepted = Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 0, 0x5a, 0, 0, 0, 5, 0x49]);

describe('a PostgreSQL server that falls silent', () => {
  let server: Server;
  let url: string;
  let greeting: Buffer | undefined;
  const sockets: Socket[] = [];
  beforeEach(async () => {
    greeting = undefined;
    server = createServer({ allowHalfOpen: true }, (socket) => {
      sockets.push(socket.on('error', () => undefined));
      socket.once('data', () => greeting && socket.write(greeting));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `postgres://nobody@127.0.0.1:${(server.address() as AddressInfo).port}/silent`;
  });
  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy();
    server.close();
  });

  it('before it accepts the session does not keep a relay from stopping', async () => {
    const publisher = { publishEvents: () => Promise.resolve(), close() {} };
    const relay = new OutboxRelay(url, publisher, { log() {}, warn() {}, error() {} });
    relay.start();
    await relay.stop();
  });

  it('after it has accepted the session does not keep the session from ending', async () => {
    greeting = accepted;
    const session = openSession(url, 'silent');
    session.on('error', () => undefined);
    await session.connect();
    await endSession(session);
    await expect(session.query('SELECT 1')).rejects.toThrow();
  });

  it('during a query does not hold up a reader or a publisher, and each attempt opens a new connection', async () => {
    greeting = accepted;
    const { query } = limits;
    limits.query = 100;
    onTestFinished(() => void (limits.query = query));
    const log = new PostgresEventLog(url, 1);
    const entry = { id: 'any', topic: 'any', key: 'any', event: {} };
    for (let attempt = 1; attempt <= 3; attempt++) {
      await expect(attempt === 1 ? log.state() : log.appendEntries([entry])).rejects.toThrow(
        /timeout|terminated/,
      );
      expect(sockets).toHaveLength(attempt);
    }
  });
});
