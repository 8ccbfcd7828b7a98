import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { collectServed } from './served.js';
import { startTestSystem } from './test-system.js';

/**
 * `node tools/journey/dist/served.main.js GENERATED DIRECTORY`: starts a system and writes everything that
 * its sandbox serves into the directory, for the HL7 validator. GENERATED has `sandbox.ndjson` and
 * `sandbox.members.ndjson` of the generator. Exit code 1 when one of the resources is not served.
 */
const [generated, directory] = process.argv.slice(2);
if (!generated || !directory) {
  console.error('Give the directory of the generator, and the directory for the answers.');
  process.exit(2);
}
const system = await startTestSystem();
try {
  const { count, resources } = await collectServed(
    system,
    join(generated, 'sandbox.members.ndjson'),
    directory,
  );
  console.log(`${count} answers of the sandbox are in ${directory}`);
  const text = readFileSync(join(generated, 'sandbox.ndjson'), 'utf8');
  const missing = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { resourceType: string; id: string })
    .map(({ resourceType, id }) => `${resourceType}/${id}`)
    .filter((name) => !resources.has(name))
    // A Medication that no record references belongs to nobody, so nobody reads it.
    .filter((name) => !name.startsWith('Medication/') || text.includes(`"${name}"`));
  if (missing.length > 0) {
    console.error(
      `${missing.length} resources of the sandbox were not served: ${missing.slice(0, 20).join(', ')}`,
    );
    process.exitCode = 1;
  }
} finally {
  await system.stop();
}
