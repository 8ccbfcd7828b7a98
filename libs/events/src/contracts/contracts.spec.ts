import { describe, expect, it } from 'vitest';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { eventContracts, eventTypes, parseCloudEvent, type CloudEvent, type EventType } from '@payer/smart';
import { documents } from './documents.js';
import { recordings } from './recordings.js';

const apps = fileURLToPath(new URL('../../../../apps', import.meta.url));

/** Event types for which the service's source has an `@EventPattern`. */
function handledBy(service: string): EventType[] {
  const source = join(apps, service, 'src');
  const text = readdirSync(source, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.spec.ts'))
    .map((file) => readFileSync(join(source, file), 'utf8'))
    .join('\n');
  const patterns = [...text.matchAll(/@EventPattern\((.*)\)/g)].map((match) => match[1]!).join();
  return eventTypes.filter(
    (type) =>
      patterns.includes(`'${type}'`) || (type.startsWith('app-') && patterns.includes('...appEventTypes')),
  );
}

describe('the documents of the events', () => {
  it('are in step with the contracts (npm run event-docs makes them)', async () => {
    for (const { path, text } of await documents()) expect(readFileSync(path, 'utf8')).toBe(text);
  });

  it('name those who act as the services have handlers', () => {
    for (const service of ['auth-server', 'consent', 'fhir-api', 'registration'] as const)
      expect([service, handledBy(service)]).toEqual([
        service,
        eventTypes.filter((type) => service in eventContracts[type].actedOn),
      ]);
  });
});

describe('events as earlier versions wrote them', () => {
  const recorded = recordings();

  it('are kept for every kind of event', () => {
    expect(eventTypes.filter((type) => !recorded.some((event) => event.type === type))).toEqual([]);
  });

  it('are read by this version, and mean what they meant', () => {
    for (const event of recorded) {
      const read = parseCloudEvent(event);
      expect(read).toMatchObject(event);
      expect(read.subject).toBe((read.data as Record<string, unknown>)[eventContracts[read.type].key]);
    }
  });

  it('are read when a newer version has added to them', () => {
    for (const event of recorded)
      expect(
        parseCloudEvent({ ...event, invented: 1, data: { ...event.data, invented: { here: true } } }),
      ).toEqual(parseCloudEvent(event));
  });

  it('revoke even for a reason that this version does not know', () => {
    const newer = (type: EventType, field: string): CloudEvent => {
      const event = recorded.find((one) => one.type === type)!;
      return parseCloudEvent({ ...event, data: { ...event.data, [field]: 'invented later' } });
    };
    expect(newer('token-revoked', 'reason').data).toMatchObject({ reason: 'app' });
    expect(newer('grant-revoked', 'revoked_reason').data).toMatchObject({
      status: 'revoked',
      revoked_reason: 'platform',
    });
  });
});
