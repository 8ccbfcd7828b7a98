import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { eventTypes } from '@payer/smart';
import { z } from 'zod';
import { PostgresEventLog, transportVariables } from '../index.js';

/*
 * `npm run record-events -- NAME`: records events of a running local system (npm start, after npm run
 * journey) as `recorded/NAME/TYPE.json`. Records up to five events of each type, and one of every further
 * shape. Local systems hold synthetic members only.
 */
const name = process.argv[2];
if (!name || !/^[a-z0-9-]+$/.test(name)) {
  process.stderr.write('record-events NAME: say what to call the recording, for instance 2026-11\n');
  process.exit(2);
}
const directory = fileURLToPath(new URL(`../../src/contracts/recorded/${name}`, import.meta.url));
const mostOfAKind = 5;

/** The shape of an event's data: its fields, the null fields, and the values of its enumerated fields. */
function shapeOf(data: Record<string, unknown>): string {
  const words = ['status', 'plan', 'reason', 'revoked_reason', 'ends_grant', 'error'];
  return JSON.stringify(
    Object.entries(data)
      .sort()
      .map(([field, value]) => [field, words.includes(field) ? value : value === null]),
  );
}

const { EVENTS_DATABASE_URL } = z.object(transportVariables).parse(process.env);
const log = new PostgresEventLog(EVENTS_DATABASE_URL, 1);
mkdirSync(directory, { recursive: true });
for (const type of eventTypes) {
  const shapes = new Map<string, unknown>();
  for (const { event } of (await log.read(log.pool, 0n, [type], 100_000)).rows)
    if (shapes.size < mostOfAKind)
      shapes.set(shapeOf((event as { data: Record<string, unknown> }).data), event);
  const events = [...shapes.values()];
  process.stdout.write(`${String(events.length).padStart(3)}  ${type}\n`);
  if (events.length > 0)
    writeFileSync(join(directory, `${type}.json`), `${JSON.stringify(events, null, 2)}\n`, { flag: 'wx' });
}
await log.close();
