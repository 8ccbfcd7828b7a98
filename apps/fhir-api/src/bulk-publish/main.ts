import '@payer/service/tool-output';
import { BytesClient } from '@payer/fhir-store';
import { addressesFrom, addressVariables } from '@payer/service/addresses';
import { loadConfig } from '@payer/service/config';
import { databaseUrl, databaseVariables } from '../databases.js';
import { publicAccess } from '../gateway/open-directory.js';
import { readArguments, usage } from './arguments.js';
import { filesPath } from './layout.js';
import { publish } from './publish.js';

/** `npm run export-directory`. @returns the exit code */
async function main(): Promise<number> {
  const given = readArguments();
  if (typeof given === 'string') {
    console.error(given);
    return given === usage ? 0 : 2;
  }
  const { environment, directory } = given;
  const config = loadConfig({ ...databaseVariables, ...addressVariables });
  const { fhirBaseUrl } = addressesFrom(config)[environment];
  const client = new BytesClient({
    connectionString: databaseUrl(config, environment),
    application_name: 'directory export',
  });
  // A failed query rejects its own promise. Without this handler the error would end the process.
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { time, resources, written, kept, removed } = await publish({
      client,
      access: publicAccess,
      fhirBaseUrl,
      filesUrl: given.url ?? `${fhirBaseUrl}/${filesPath}`,
      directory,
    });
    for (const [type, count] of Object.entries(resources)) console.log(`  ${type.padEnd(26)} ${count}`);
    console.log(
      `The directory of ${time.toISOString()} is in ${directory}: ${written} parts written, ${kept} unchanged, ${removed} old files removed`,
    );
    return 0;
  } catch (error) {
    console.error(
      `The export stopped: ${(error as Error).message}. The last whole publication is as it was; run it again to go on.`,
    );
    return 3;
  } finally {
    await client.end().catch(() => undefined);
  }
}

process.exitCode = await main();
