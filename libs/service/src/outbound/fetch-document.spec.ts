import { afterEach, describe, expect, it } from 'vitest';
import { createServer, type RequestListener, type Server } from 'node:http';
import { fetchDocument } from './fetch-document.js';
import { OutboundTarget } from './outbound-target.js';

const local = new OutboundTarget({}, true, '/jwks.json');
const servers: Server[] = [];
const serve = async (answer: RequestListener): Promise<string> => {
  const server = createServer(answer);
  servers.push(server);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return `http://127.0.0.1:${(server.address() as { port: number }).port}/jwks.json`;
};
const get = (target: OutboundTarget, url: string, timeout = 30_000) =>
  fetchDocument(target, url, { accept: 'application/json', timeout, maxBytes: 100 });

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

describe('a document of a URL that a developer has chosen', () => {
  it('arrives with its headers', async () => {
    const url = await serve((_request, response) => {
      response.setHeader('cache-control', 'max-age=60');
      response.end('{}');
    });
    expect(await get(local, url)).toMatchObject({ text: '{}', headers: { 'cache-control': 'max-age=60' } });
  });

  it.each([
    ['redirects', 302, '', 'the answer was 302, not 200'],
    ['is an error', 500, '', 'the answer was 500, not 200'],
    ['is too long', 200, 'x'.repeat(101), 'more than 100 bytes'],
  ])('is refused when the answer %s', async (_case, status, body, reason) => {
    const url = await serve((_request, response) => {
      response.writeHead(status, { location: 'http://127.0.0.1/' });
      response.end(body);
    });
    await expect(get(local, url)).rejects.toThrow(reason);
  });

  it('is refused when the answer changes the protocol, which Node.js reports as no error', async () => {
    const url = await serve(() => undefined);
    servers
      .at(-1)!
      .on('connection', (socket) =>
        socket.end('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'),
      );
    await expect(get(local, url)).rejects.toThrow('the answer was 101');
  });

  it('is refused when it does not arrive whole in time', async () => {
    const url = await serve((_request, response) => void response.write('{'));
    await expect(get(local, url, 100)).rejects.toThrow();
  });

  it('is never asked for at an inner address', async () => {
    let asked = 0;
    const url = await serve((_request, response) => {
      asked += 1;
      response.end('{}');
    });
    const strict = new OutboundTarget({}, false, '/jwks.json');
    await expect(get(strict, url)).rejects.toThrow('must begin with https://');
    const ownPort = new OutboundTarget({ PORT: new URL(url).port }, true, '/jwks.json');
    await expect(get(ownPort, url)).rejects.toThrow('a port of the platform');
    expect(asked).toBe(0);
  });
});
