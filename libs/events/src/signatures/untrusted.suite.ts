import { expect, it } from 'vitest';
import { randomUUID } from 'node:crypto';
import { register } from 'prom-client';
import { cloudEvent, type CloudEvent } from '@payer/smart';
import { eventually } from '@payer/testing';
import { openDeadLetters } from '../index.js';
import { revocationEvent, seen, untilCaughtUp, type EventBench } from '../testing/event-bench.js';
import { localSigner, serviceSigner } from './event-signature.js';
import { localSigningKey, newServiceKey, signingKeyOf } from './service-keys.js';

const limit = 60_000;

async function untrustedSoFar(topic: string): Promise<number> {
  const { values } = (await register.getSingleMetric('events_untrusted_total')?.get()) ?? { values: [] };
  return values.find(({ labels }) => labels.topic === topic)?.value ?? 0;
}

/** Events that every transport must refuse, tested on a started bench. */
export function untrustedEventsSuite(bench: EventBench): void {
  const asSigned = (id: string) => localSigner(revocationEvent(id, 'forged'));
  const grant = () =>
    cloudEvent(
      'grant-revoked',
      {
        grant_id: 'g',
        version: 2,
        environment: 'production',
        sub: 's',
        patient: 'p',
        client_id: 'c',
        scope: 'x',
        status: 'revoked',
        created_at: '2026-11-28T12:00:00.000Z',
        expires_at: '2027-11-28T12:00:00.000Z',
        revoked_at: '2026-11-28T12:00:00.000Z',
        revoked_reason: 'member',
      },
      { id: randomUUID(), time: new Date() },
    );

  for (const mode of ['group', 'replica'] as const)
    it(
      `a ${mode} puts aside what no service with the right to write it has signed, counts it, and goes on`,
      async () => {
        const consumer = `strict-${mode}`;
        const { strategy, close } = await bench.consume(consumer, mode);
        await eventually(() => strategy.isCaughtUp, { timeout: limit });
        const before = await untrustedSoFar('token-revoked');
        const stranger = signingKeyOf('auth-server', { SERVICE_SIGNING_KEY: newServiceKey().pem });
        const byConsent = serviceSigner(localSigningKey('consent'));
        const forged: [event: CloudEvent, reason: string][] = [
          [revocationEvent('f1', 'forged'), 'it is not signed'],
          [serviceSigner(stranger)(revocationEvent('f2', 'forged')), 'SERVICE_PUBLIC_KEYS does not hold'],
          [byConsent(revocationEvent('f3', 'forged')), 'only auth-server may publish token-revoked'],
          [
            byConsent({ ...revocationEvent('f4', 'forged'), source: '/consent' }),
            'only auth-server may publish',
          ],
          [{ ...asSigned('f5'), subject: 'another' }, 'its signature does not fit'],
          [{ ...asSigned('f6'), id: randomUUID() }, 'its signature does not fit'],
          [localSigner({ ...revocationEvent('f7', 'forged'), subject: 'another' }), 'its subject is not'],
        ];
        await bench.publishAs((event) => event, ...forged.map(([event]) => event));
        const deadLetters = await openDeadLetters(bench.config);
        const onWrongTopic = localSigner(grant());
        await deadLetters.replay({
          id: '0',
          at: '',
          consumer,
          topic: 'token-revoked',
          event: onWrongTopic,
          error: '',
        });
        await bench.writeAndRelay('forged', [`genuine-${mode}`]);
        await untilCaughtUp(strategy, limit);

        expect(seen.forged?.filter((id) => !id.startsWith('genuine'))).toEqual([]);
        expect(seen.forged).toContain(`genuine-${mode}`);
        const kept = (await deadLetters.list()).filter((letter) => letter.consumer === consumer);
        for (const [event, reason] of [
          ...forged,
          [onWrongTopic, 'event of type grant-revoked on topic token-revoked'] as const,
        ])
          expect(kept).toContainEqual(
            expect.objectContaining({ event, error: expect.stringContaining(reason) }),
          );
        expect((await untrustedSoFar('token-revoked')) - before).toBe(forged.length + 1);
        // A replay of a refused event is refused again.
        for (const letter of kept) await deadLetters.replay(letter);
        await untilCaughtUp(strategy, limit);
        expect(seen.forged?.filter((id) => !id.startsWith('genuine'))).toEqual([]);
        for (const letter of await deadLetters.list())
          if (letter.consumer === consumer) await deadLetters.discard(letter);
        await deadLetters.close();
        await close();
      },
      3 * limit,
    );

  it(
    'a dead letter of a handler keeps the signature, and the fields that this version does not know: it can be sent again',
    async () => {
      const event = revocationEvent('kept', 'failing');
      const newer = localSigner({ ...event, data: { ...event.data, colour: 'blue' } as never });
      const deadLetters = await openDeadLetters(bench.config);
      await deadLetters.keep({ consumer: 'x', topic: 'token-revoked', event: newer, error: 'no' });
      const { strategy, close } = await bench.consume('resent', 'group');
      await eventually(() => strategy.isCaughtUp, { timeout: limit });
      const letter = (await deadLetters.list()).find(
        ({ event: kept }) => (kept as CloudEvent).id === event.id,
      );
      await deadLetters.replay(letter!);
      await untilCaughtUp(strategy, limit);
      expect(seen.failing).toContain('kept');
      await deadLetters.close();
      await close();
    },
    2 * limit,
  );
}
