import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/**
 * Ports below those of outgoing connections (from 32768 on Linux, from 49152 elsewhere). A connection could
 * take such a port between the check that it is free and the start of listening.
 */
const [lowest, beyond] = [12_000, 32_000];

/** Whether a program can listen on a port of this machine. */
export async function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, () => server.close(() => resolve(true)));
  });
}

/** A free port. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(lowest, beyond);
    if (await isFree(port)) return port;
  }
}

/** Free ports, all different. */
export async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  while (ports.size < count) ports.add(await freePort());
  return [...ports];
}
