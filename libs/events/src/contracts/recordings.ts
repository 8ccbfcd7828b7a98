import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CloudEvent } from '@payer/smart';

const directory = fileURLToPath(new URL('../../src/contracts/recorded', import.meta.url));

/**
 * Events as earlier versions of the services wrote them, unparsed, oldest recording first. Recordings are
 * only added, never changed.
 */
export function recordings(): CloudEvent[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.json'))
    .sort()
    .flatMap((file) => JSON.parse(readFileSync(join(directory, file), 'utf8')) as CloudEvent[]);
}
