import { expect, it } from 'vitest';
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import type { CloudEvent } from '@payer/smart';
import { eventually } from '@payer/testing';
import { localSigner, openDeadLetters, type TransportConfig } from '../index.js';
import { revocationEvent, seen, untilCaughtUp, type EventBench } from '../testing/event-bench.js';
import { runDeadLetters, type Answer } from '../dead-letters-command.js';

const limit = 60_000;

/** Dead letters must work alike on every transport; tested on a started bench. */
export function deadLettersSuite(bench: EventBench): void {
  const main = fileURLToPath(new URL('../../dist/dead-letters.main.js', import.meta.url));
  const variables = (elsewhere: Partial<TransportConfig> = {}) => {
    const all = Object.entries({ ...process.env, ...bench.config, ...elsewhere });
    return Object.fromEntries(all.map(([name, value]) => [name, String(value)]));
  };
  /** Runs `npm run dead-letters -- …` in the process of the tests, which costs less. */
  const command = (args: string[]) => runDeadLetters(args, variables());
  /** Runs it in a new process, as an operator does. */
  const commandProcess = (args: string[], elsewhere: Partial<TransportConfig> = {}) =>
    new Promise<Answer>((resolve) => {
      execFile(process.execPath, [main, ...args], { env: variables(elsewhere) }, (error, output, errors) =>
        resolve({ code: Number(error?.code ?? 0), output, errors }),
      );
    });

  it(
    'an event that cannot be parsed becomes a dead letter, holds up no later event, and can be replayed or discarded',
    async () => {
      const { strategy, close } = await bench.consume('strict', 'group');
      await eventually(() => strategy.isCaughtUp, { timeout: limit });
      const event = revocationEvent('broken', 'd');
      await bench.publish({ ...event, id: randomUUID(), data: { id: 7 } as never });
      await bench.writeAndRelay('d', ['next']);
      await untilCaughtUp(strategy, limit);
      expect(seen.d).toContain('next');

      const deadLetters = await openDeadLetters(bench.config);
      const mine = async () => (await deadLetters.list()).filter(({ consumer }) => consumer === 'strict');
      const [letter, ...more] = await mine();
      expect(more).toEqual([]);
      expect(letter).toMatchObject({
        topic: 'token-revoked',
        error: expect.stringContaining('not a valid token-revoked'),
        event: { data: { id: 7 } },
      });
      expect(seen.d).not.toContain('broken');
      await deadLetters.replay(letter!);
      await untilCaughtUp(strategy, limit);
      const [again] = await mine();
      expect(again?.id).not.toBe(letter?.id);
      await deadLetters.replay({ ...again!, event: localSigner(event) });
      await untilCaughtUp(strategy, limit);
      expect(seen.d).toContain('broken');
      await deadLetters.keep({ consumer: 'strict', topic: 'token-revoked', event: 'garbage', error: 'no' });
      const [garbage] = await mine();
      expect(garbage?.event).toBe('garbage');
      await deadLetters.discard(garbage!);
      expect(await mine()).toEqual([]);
      await deadLetters.close();
      await close();
    },
    2 * limit,
  );

  it(
    'the dead-letters command does as the operator asks or explains what to do instead, and loses nothing',
    async () => {
      const { strategy, close } = await bench.consume('command', 'group');
      await eventually(() => strategy.isCaughtUp, { timeout: limit });
      const good = localSigner(revocationEvent('corrected', 'k'));
      const deadLetters = await openDeadLetters(bench.config);
      const before = (await deadLetters.list()).map(({ id }) => id);
      const mine = async () => (await deadLetters.list()).filter(({ id }) => !before.includes(id));
      for (const event of [good, 'garbage'])
        await deadLetters.keep({ consumer: 'command', topic: 'token-revoked', event, error: 'why\nmore' });
      const [corrected, garbage] = (await mine()).map(({ id }) => id) as [string, string];
      const [listed, shown, refused] = await Promise.all([
        commandProcess(['list']),
        command(['show', corrected]),
        // One unknown id in the list: the command touches none of the letters.
        command(['replay', corrected, 'nobody']),
      ]);
      expect(listed.output).toMatch(new RegExp(`^${corrected}  \\S+Z  command  token-revoked  why$`, 'm'));
      expect(JSON.parse(shown.output)).toMatchObject({ event: good, error: 'why\nmore' });
      expect(refused).toMatchObject({ code: 2, errors: expect.stringContaining('letter nobody; "list"') });
      expect(await mine()).toHaveLength(2);

      expect(await command(['replay', corrected, garbage])).toMatchObject({ code: 0, output: 'replay: 2\n' });
      await untilCaughtUp(strategy, limit);
      expect(seen.k).toEqual(['corrected']);
      // An event that still cannot be applied becomes a new dead letter.
      const [again, ...more] = await mine();
      expect(again).toMatchObject({ event: 'garbage', error: expect.stringContaining('not an event') });
      expect([again!.id === garbage, more]).toEqual([false, []]);
      await deadLetters.close();

      const nowhere = {
        EVENTS_DATABASE_URL: 'postgres://me:secret@localhost:1/events',
        KAFKA_BROKERS: 'localhost:1',
      };
      const [twice, help, tooMuch, away] = await Promise.all([
        command(['replay', corrected]),
        command(['--help']),
        command(['discard', '--all']),
        commandProcess(['list'], nowhere),
      ]);
      expect([twice, help, tooMuch, away].map(({ code }) => code)).toEqual([2, 0, 2, 1]);
      expect(away.errors).toMatch(/list failed: .*ECONNREFUSED(.|\n)*(EVENTS_DATABASE_URL|KAFKA_BROKERS)/);
      expect(away.output + away.errors).not.toContain('secret');
      await close();
    },
    2 * limit,
  );

  it(
    'a consumer that reads the log again keeps an event as one dead letter, and none after a discard',
    async () => {
      const event = revocationEvent('bad', 'g');
      await bench.publish({ ...event, data: { id: 8 } as never });
      const deadLetters = await openDeadLetters(bench.config);
      const readAll = async () => {
        const { strategy, close } = await bench.consume('again', 'replica');
        await untilCaughtUp(strategy, limit);
        await close();
        return (await deadLetters.list()).filter(
          ({ consumer, event: kept }) => consumer === 'again' && (kept as CloudEvent).subject === 'bad',
        );
      };
      expect(await readAll()).toHaveLength(1);
      const [letter] = await readAll();
      await deadLetters.discard(letter!);
      expect(await readAll()).toEqual([]);
      await deadLetters.close();
    },
    2 * limit,
  );
}
