import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { asyncApi } from './asyncapi.js';
import { eventsPage } from './page.js';

const docs = fileURLToPath(new URL('../../../../docs', import.meta.url));

/** The documents generated from the contracts, each with its path in the repository. */
export async function documents(): Promise<{ path: string; text: string }[]> {
  const page = join(docs, 'events.md');
  const made = [
    { path: page, text: eventsPage(readFileSync(page, 'utf8')) },
    { path: join(docs, 'asyncapi.yaml'), text: asyncApi() },
  ];
  return Promise.all(
    made.map(async ({ path, text }) => ({
      path,
      text: await format(text, { ...(await resolveConfig(path)), filepath: path }),
    })),
  );
}
