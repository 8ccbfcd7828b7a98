import { beforeEach, describe, expect, it } from 'vitest';
import { cloudEvent } from '@payer/smart';
import { localSigner } from '../signatures/event-signature.js';
import { publicKeysOf } from '../signatures/service-keys.js';
import { Delivery, type DeadLetter } from './delivery.js';

const event = localSigner(
  cloudEvent(
    'heartbeat',
    { id: 'consent', version: 1, at: '2026-11-25T12:00:00.000Z' },
    { id: 'one', time: new Date() },
  ),
);

describe('the delivery of an event whose handler fails', () => {
  let kept: DeadLetter[];
  let logged: Record<string, unknown>[];
  let isDatabaseThere: boolean;
  let attempts: number;

  /** @param handle receives the number of the attempt, from 1 on */
  function deliver(handle: (attempt: number) => void): Promise<void> {
    const handler = Object.assign(async () => handle(++attempts), {});
    return new Delivery({
      consumer: 'test',
      handlerOf: () => handler as never,
      publicKeys: publicKeysOf({}),
      keepDeadLetter: async (letter) => kept.push(letter) === 1,
      canApply: async () => isDatabaseThere,
      logger: {
        log() {},
        error: (text) => logged.push({ text }),
        warn: (line) => logged.push(line as Record<string, unknown>),
      },
      attempts: 3,
      firstPause: 1,
    }).deliver('heartbeat', 'consent', event, '0/7');
  }

  beforeEach(() => {
    [kept, logged, isDatabaseThere, attempts] = [[], [], true, 0];
  });

  it('waits while the database of the service is away, and what failed meanwhile is not held against the event', async () => {
    isDatabaseThere = false;
    await deliver((attempt) => {
      // The database is back when `canApply` asks, although this attempt failed.
      if (attempt === 5) isDatabaseThere = true;
      if (attempt < 7) throw new Error('the database is away');
    });
    expect(attempts).toBe(7);
    expect(kept).toEqual([]);
  });

  it('ends with a dead letter that says why, after so many attempts', async () => {
    await deliver(() => {
      throw new Error('the handler has a mistake');
    });
    expect(attempts).toBe(3);
    expect(kept).toEqual([
      { consumer: 'test', topic: 'heartbeat', event, origin: '0/7', error: 'the handler has a mistake' },
    ]);
    expect(logged.map(({ attempt, reason, text }) => attempt ?? reason ?? text)).toEqual([
      1,
      2,
      3,
      expect.stringContaining('the handler has a mistake'),
    ]);
    expect(logged.map(({ stack }) => typeof stack)).toEqual(['string', ...Array(3).fill('undefined')]);
  });
});
