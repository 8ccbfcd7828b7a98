import '@payer/service/tool-output';
import type { BytesClient } from '@payer/fhir-store';
import { addressesFrom, addressVariables } from '@payer/service/addresses';
import { loadConfig } from '@payer/service/config';
import { runCommand } from '../directory-command/run-command.js';
import { publicAccess } from '../gateway/open-directory.js';
import { readArguments, usage, type Arguments } from './arguments.js';
import { filesPath } from './layout.js';
import { publish } from './publish.js';

/** @returns the exit code */
async function run(client: BytesClient, { environment, directory, url }: Arguments): Promise<number> {
  const { fhirBaseUrl } = addressesFrom(loadConfig(addressVariables))[environment];
  const { time, resources, written, kept, removed } = await publish({
    client,
    access: publicAccess,
    fhirBaseUrl,
    filesUrl: url ?? `${fhirBaseUrl}/${filesPath}`,
    directory,
  });
  for (const [type, count] of Object.entries(resources)) console.log(`  ${type.padEnd(26)} ${count}`);
  console.log(
    `The directory of ${time.toISOString()} is in ${directory}: ${written} parts written, ${kept} unchanged, ${removed} old files removed`,
  );
  return 0;
}

/** `npm run export-directory` */
process.exitCode = await runCommand({
  usage,
  given: readArguments(),
  session: 'directory export',
  run,
  stopped: (reason) =>
    `The export stopped: ${reason}. The last complete publication is unchanged. Run the command again to continue.`,
});
