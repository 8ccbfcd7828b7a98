import { describe, expect, it } from 'vitest';
import { randomUUID } from 'node:crypto';
import {
  cloudEvent,
  eventContracts,
  eventTypes,
  serviceNames,
  type CloudEvent,
  type ServiceName,
} from '@payer/smart';
import { recordings } from '../contracts/recordings.js';
import { localSigner, serviceSigner } from './event-signature.js';
import { readTrusted } from './event-trust.js';
import { localSigningKey, newServiceKey, publicKeysOf, signingKeyOf } from './service-keys.js';

const keys = publicKeysOf({});
/** One genuine event of each type and source. */
const genuine = recordings().filter(
  (event, index, all) =>
    all.findIndex(({ type, source }) => type === event.type && source === event.source) === index,
);
const read = (event: unknown, where: { topic?: string; key?: string | null } = {}) => {
  const { type, subject } = event as CloudEvent;
  return readTrusted(event, { topic: type, key: subject, ...where }, keys);
};
const signedBy = (service: ServiceName, event: CloudEvent) => serviceSigner(localSigningKey(service))(event);
/** Reorders members as jsonb does: shorter names first, then by their bytes. */
const reordered = (value: unknown): unknown =>
  Array.isArray(value)
    ? value.map(reordered)
    : typeof value === 'object' && value !== null
      ? Object.fromEntries(
          Object.entries(value)
            .sort(([a], [b]) => a.length - b.length || (a < b ? -1 : 1))
            .map(([name, inner]) => [name, reordered(inner)]),
        )
      : value;

describe('an event of each kind', () => {
  it('is there as a recording', () => {
    expect(new Set(genuine.map(({ type }) => type))).toEqual(new Set(eventTypes));
  });

  for (const event of genuine)
    describe(`${event.type} of ${event.source}`, () => {
      const signed = localSigner(event);

      it('is believed when its service signed it, in whatever order a log keeps its members', () => {
        expect(read(signed).id).toBe(event.id);
        expect(read(reordered(signed)).id).toBe(event.id);
        expect(
          read({ ...signed, signature: localSigner(JSON.parse(JSON.stringify(event))).signature }),
        ).toBeDefined();
      });

      it('is refused without a signature, with a foreign one, and with a signature that is none', () => {
        const other = localSigner({ ...event, id: randomUUID() }).signature;
        const [kid] = signed.signature!.split('.');
        for (const signature of [undefined, null, 7, '', '.', 'x', `${kid}`, `${kid}.`, `${kid}.AAAA`, other])
          expect(() => read({ ...signed, signature })).toThrow('an untrusted event');
      });

      it("is refused when the key that signed it is nobody's, whatever service it claims", () => {
        const stranger = signingKeyOf('registration', { SERVICE_SIGNING_KEY: newServiceKey().pem });
        expect(() => read(serviceSigner(stranger)(event))).toThrow(
          'a key that SERVICE_PUBLIC_KEYS does not hold',
        );
      });

      it("is refused when a service signed it that may not publish it, under its own name or another's", () => {
        const { sources } = eventContracts[event.type];
        for (const service of serviceNames.filter((name) => event.source !== `/${name}`)) {
          expect(() => read(signedBy(service, event))).toThrow('an untrusted event');
          const posing = signedBy(service, { ...event, source: `/${service}` });
          if (!(sources as readonly string[]).includes(service) || 'service' in event.data)
            expect(() => read(posing)).toThrow('an untrusted event');
        }
      });

      it('is refused when any member of it was changed, added or removed', () => {
        const changed: unknown[] = Object.keys(signed).flatMap((name) => [
          { ...signed, [name]: 'changed' },
          Object.fromEntries(Object.entries(signed).filter(([other]) => other !== name)),
        ]);
        changed.push({ ...signed, more: 1 });
        for (const [name, value] of Object.entries(event.data)) {
          changed.push({ ...signed, data: { ...event.data, [name]: value === 1 ? 2 : 1 } });
          changed.push({ ...signed, data: { ...event.data, [name]: undefined } });
        }
        for (const one of changed)
          expect(() => readTrusted(one, { topic: event.type, key: event.subject }, keys)).toThrow();
      });

      it('is refused on another topic, under another key, and with the subject of another thing', () => {
        for (const topic of eventTypes.filter((type) => type !== event.type))
          expect(() => read(signed, { topic })).toThrow(`on topic ${topic}`);
        for (const key of ['another', '', null])
          expect(() => read(signed, { key })).toThrow('its key in the log is not its subject');
        expect(() => read(localSigner({ ...event, subject: 'another' }))).toThrow(
          'its subject is not its data',
        );
        // A replayed dead letter has a new key.
        expect(read(signed, { key: 'replay-7' })).toBeDefined();
      });
    });
});

describe('what is no event', () => {
  it('is refused, whatever it is', () => {
    let deep: unknown = [];
    for (let depth = 0; depth < 100_000; depth++) deep = [deep];
    const event = cloudEvent(
      'heartbeat',
      { id: 'consent', version: 1, at: '2026-11-28T12:00:00.000Z' },
      { id: '1', time: new Date() },
    );
    const [kid] = localSigner(event).signature!.split('.');
    const odd = ['text', 7, null, undefined, [], {}, { signature: `${kid}.AAAA`, deep }];
    for (const raw of [...odd, { ...event, signature: `${kid}.AAAA`, data: Infinity }])
      expect(() => readTrusted(raw, { topic: 'heartbeat', key: 'consent' }, keys)).toThrow(
        /not an event|untrusted/,
      );
  });
});
