import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { limitConnections } from './http-limits.js';

let server: Server;
let timeouts: (number | undefined)[];

beforeEach(async () => {
  timeouts = [];
  server = createServer(
    { headersTimeout: 200, requestTimeout: 300, connectionsCheckingInterval: 50 },
    (_request, response) => response.end('served'),
  );
  server.on('clientError', (_error, socket) => socket.end('HTTP/1.1 408 Request Timeout\r\n\r\n'));
  limitConnections(server);
  server.prependListener('clientError', (_error, socket) =>
    timeouts.push((socket as { bytesRead?: number }).bytesRead),
  );
  await once(server.listen(0, '127.0.0.1'), 'listening');
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

/** Sends text on a new connection, waits until the server has found it late, then sends the rest. */
async function answerTo(first: string, rest: string): Promise<string> {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  await once(socket, 'connect');
  socket.write(first);
  await once(server, 'clientError');
  socket.write(rest);
  const [answer] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  return answer.toString().split('\r\n')[0]!;
}

it('a connection that was opened ahead is served whenever its first request comes', async () => {
  expect(await answerTo('', 'GET / HTTP/1.1\r\nHost: any\r\n\r\n')).toBe('HTTP/1.1 200 OK');
  expect(timeouts).toEqual([0]);
});

it('a request that does not arrive whole is answered with 408', async () => {
  expect(await answerTo('GET / HTTP/1.1\r\nHost:', '')).toBe('HTTP/1.1 408 Request Timeout');
});
