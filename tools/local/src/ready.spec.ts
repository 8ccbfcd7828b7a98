import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { whenReady } from './ready.js';

describe('waiting for a service', () => {
  let server: Server;
  let answer: { status: number; body: string };
  const process: { hasGivenUp: string | undefined } = { hasGivenUp: undefined };
  const port = () => (server.address() as AddressInfo).port;

  beforeEach(async () => {
    process.hasGivenUp = undefined;
    answer = { status: 503, body: '{"error":{"facts":{"status":"down","message":"not read yet"}}}' };
    server = createServer((_, response) => response.writeHead(answer.status).end(answer.body));
    await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
  });
  afterEach(() => void server.close());

  it('ends when it is ready', async () => {
    const waiting = whenReady({ name: 'consent', port: port(), process });
    answer = { status: 200, body: '{}' };
    await waiting;
  });

  it('ends with the reason when its process has ended for good', async () => {
    const waiting = whenReady({ name: 'consent', port: port(), process });
    process.hasGivenUp = 'consent does not start; see consent.log';
    await expect(waiting).rejects.toThrow('consent does not start; see consent.log');
  });

  it('says after a time which check it waits for', async () => {
    await expect(whenReady({ name: 'consent', port: port(), process, timeout: 300 })).rejects.toThrow(
      'consent is not ready after 0.3 s: facts: not read yet',
    );
    await new Promise((resolve) => server.close(resolve));
    await expect(whenReady({ name: 'consent', port: 1, process, timeout: 100 })).rejects.toThrow(
      'it does not answer yet',
    );
  });

  it('waits as long as the process lives, and reports its progress', async () => {
    const said: string[] = [];
    const waiting = whenReady({
      name: 'consent',
      port: port(),
      process,
      saidEvery: 100,
      say: (line) => said.push(line),
    });
    while (said.length < 3) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(said[0]).toMatch(/^waiting for consent since \d+ s: facts: not read yet$/);
    answer = { status: 200, body: '{}' };
    await waiting;
  });
});
