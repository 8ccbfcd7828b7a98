import type { Pool } from 'pg';
import { indexChanges, reindex, type IndexChanges } from '@payer/fhir-store/load';
import type { Arguments } from './arguments.js';
import { Progress, shareOf, showTypes } from './progress.js';

function showParameters(title: string, names: readonly string[]): void {
  console.log(`${title}: ${names.length === 0 ? 'none' : names.length}`);
  for (const name of names) console.log(`  ${name}`);
}

function showChanges({ isKnown, added, redefined, gone, resources }: IndexChanges): void {
  if (isKnown) {
    showParameters('New search parameters', added);
    showParameters('Redefined search parameters', redefined);
    showParameters('Search parameters that are gone', gone);
  } else
    console.log(
      'The database does not say by which search parameters it was indexed, so all resources count.',
    );
  showTypes(resources);
  const total = Object.values(resources).reduce((sum, count) => sum + count, 0);
  console.log(`${total} resources to index again`);
}

/** @returns the exit code */
export async function showIndexChanges(pool: Pool): Promise<number> {
  showChanges(await indexChanges(pool));
  return 0;
}

/** @returns the exit code */
export async function reindexStored(
  pool: Pool,
  baseUrl: string,
  { isOfChanged }: Pick<Arguments, 'isOfChanged'>,
): Promise<number> {
  const progress = new Progress();
  const changes = isOfChanged ? await indexChanges(pool) : undefined;
  if (changes) showChanges(changes);
  const { read, byType, refused } = await reindex({
    pool,
    baseUrl,
    ...(changes ? { types: changes.typesToReindex } : {}),
    onRefused: (resource, reason) => console.error(`left as it is, ${resource}: ${reason}`),
    onProgress: ({ read, total }) => progress.show(read, shareOf(read, total, String(total))),
  });
  showTypes(byType);
  const changed = Object.values(byType).reduce((sum, count) => sum + count, 0);
  console.log(
    `${read} read in ${progress.seconds()} s (${progress.rate(read)}): ${changed} indexed again, ${read - changed - refused} unchanged, ${refused} left as they are`,
  );
  return refused > 0 ? 1 : 0;
}
