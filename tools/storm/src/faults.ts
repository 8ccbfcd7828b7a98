import type { RunningKafka } from '@payer/kafka';
import { services, type RunningSystem, type ServiceName } from '@payer/local';
import { pause, type Fault } from './fault.js';
import { logFaults } from './log-faults.js';

/** Mulberry32: the same seed gives the same storm. */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/**
 * @param options `bound`: seconds of REVOCATION_MAX_STALENESS; some faults last longer. `broker.restart`
 *   stops the broker in order, and starts a broker on the same topics.
 */
export function faults(options: {
  system: RunningSystem;
  broker: { current(): RunningKafka; restart(down: number): Promise<void> } | undefined;
  bound: number;
  chance: () => number;
  eventsDatabaseUrl: string;
}): Fault[] {
  const { system, broker, bound, chance, eventsDatabaseUrl } = options;
  const replica = () => (chance() < 0.5 ? 0 : 1);
  const freeze = async (frozen: readonly (readonly [ServiceName, number])[], seconds: number) => {
    for (const [name, index] of frozen) system.kill(name, 'SIGSTOP', index);
    await pause(seconds);
    for (const [name, index] of frozen) system.kill(name, 'SIGCONT', index);
  };
  const kill = services.map(({ name }) => ({
    name: `kill -9 of a replica of ${name}`,
    async strike() {
      const index = replica();
      system.kill(name, 'SIGKILL', index);
      await system.ready(name, 180_000, index);
    },
  }));
  const killBoth = (['auth-server', 'consent', 'fhir-api'] as const).map((name) => ({
    name: `kill -9 of both replicas of ${name}`,
    async strike() {
      for (const index of [0, 1]) system.kill(name, 'SIGKILL', index);
      await Promise.all([0, 1].map((index) => system.ready(name, 180_000, index)));
    },
  }));
  const others: Fault[] = [
    {
      name: 'a replica of fhir-api frozen for longer than the bound',
      strike: () => freeze([['fhir-api', replica()]], bound + 3),
    },
    ...(['consent', 'auth-server', 'registration'] as const).map((name) => ({
      name: `${name} frozen for longer than the bound`,
      strike: () =>
        freeze(
          [
            [name, 0],
            [name, 1],
          ],
          bound + 6,
        ),
    })),
    { name: 'PostgreSQL restarted', strike: () => system.restartPostgres() },
  ];
  if (broker)
    others.push(
      { name: 'broker stopped and started', strike: () => broker.restart(3) },
      { name: 'broker stopped for longer than the bound', strike: () => broker.restart(bound + 5) },
      {
        name: 'broker frozen for longer than the bound',
        async strike() {
          await broker.current().kill('SIGSTOP');
          await pause(bound + 5);
          await broker.current().kill('SIGCONT');
        },
      },
      {
        name: 'broker frozen for a moment',
        async strike() {
          await broker.current().kill('SIGSTOP');
          await pause(3);
          await broker.current().kill('SIGCONT');
        },
      },
    );
  else others.push(...logFaults({ system, bound, eventsDatabaseUrl }));
  return [...kill, ...killBoth, ...others];
}
