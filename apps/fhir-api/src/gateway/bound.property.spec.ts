import { afterEach, expect, it } from 'vitest';
import { propertyParameters, SimulatedNetwork, stepsOf } from '@payer/testing';
import fc from 'fast-check';
import { bound, ends, owners, Simulation } from './testing/simulation.js';

let simulation: Simulation | undefined;
afterEach(() => simulation?.close());

const step = stepsOf<Simulation>();
const index = fc.nat(9);
const owner = fc.constantFrom(...owners);
const change = fc.constantFrom(...ends, 'change' as const);
/** Milliseconds, from far below the bound to beyond it. */
const duration = fc.oneof(
  fc.integer({ min: 1, max: 999 }),
  fc.integer({ min: 1, max: 1.3 * bound }).map((seconds) => seconds * 1000),
);

const scenario = fc.array(
  fc.oneof(
    step(3, 'begin', fc.tuple(change, index), (s, [end, token]) => s.begin(end, token)),
    step(2, 'commit', index, (s, which) => s.finish(which, true)),
    step(1, 'roll back', index, (s, which) => s.finish(which, false)),
    step(3, 'end', fc.tuple(change, index), (s, [end, token]) => s.change(end, token)),
    step(5, 'ask', fc.tuple(index, index), (s, [token, replica]) => s.ask(token, replica, true)),
    step(8, 'pass', fc.integer({ min: 1, max: 20 }), (s, messages) => s.network.pass(messages)),
    step(8, 'run', duration, (s, ms) => s.run(ms)),
    step(2, 'stop', duration, (s, ms) => s.stop(ms)),
    step(1, 'suspend', duration, (s, ms) => s.suspend(ms)),
    step(1, 'set clock', fc.integer({ min: -7200, max: 60 }), (s, seconds) => s.setClock(seconds * 1000)),
    step(2, 'away', owner, (s, name) => s.network.away.add(name)),
    step(2, 'back', owner, (s, name) => s.network.away.delete(name)),
    step(3, 'log', fc.tuple(index, index), (s, [fact, replica]) => s.deliver(fact, replica)),
    step(1, 'backup', owner, (s, name) => s.backup(name)),
    step(1, 'restore', owner, (s, name) => s.restore(name)),
    step(1, 'restart', index, (s, replica) => s.restart(replica)),
  ),
  { minLength: 5, maxLength: 60, size: 'max' },
);

it('no data is sent later than the bound after the end of its grant, and active grants are served once all owners answer', async () => {
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), scenario, async (scheduler, steps) => {
      simulation = new Simulation(new SimulatedNetwork(scheduler));
      try {
        await simulation.calm();
        for (const act of steps) await act(simulation);
        expect(simulation.problems).toEqual([]);
        await simulation.calm();
        expect(simulation.differences).toEqual([]);
        for (let replica = 0; replica < simulation.replicaCount; replica += 1)
          for (const [i, token] of simulation.tokens.entries()) {
            const answer = simulation.request(i, replica);
            await simulation.network.pass(50);
            await simulation.run(3000);
            await simulation.network.pass(50);
            expect([token.claims.jti, await answer]).toEqual([token.claims.jti, token.endedAt === undefined]);
          }
        expect(simulation.problems).toEqual([]);
      } finally {
        simulation.close();
      }
    }),
    propertyParameters(60),
  );
}, 120_000);
