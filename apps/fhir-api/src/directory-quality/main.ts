import '@payer/service/tool-output';
import type { BytesClient } from '@payer/fhir-store';
import { ExportSnapshot } from '@payer/fhir-store/export';
import { addressesFrom, addressVariables } from '@payer/service/addresses';
import { loadConfig } from '@payer/service/config';
import { runCommand } from '../directory-command/run-command.js';
import { publicAccess } from '../gateway/open-directory.js';
import { readArguments, usage, type Arguments } from './arguments.js';
import { checkDirectory } from './check.js';
import { Examples, isComplete, ReportFile, textOf } from './report.js';

/** @returns the exit code */
async function report(client: BytesClient, { environment, report: path }: Arguments): Promise<number> {
  const { fhirBaseUrl } = addressesFrom(loadConfig(addressVariables))[environment];
  const snapshot = await ExportSnapshot.open(client, publicAccess);
  const examples = new Examples();
  const file = path === undefined ? undefined : await ReportFile.open(path, environment, snapshot.time);
  const types = await checkDirectory(snapshot, fhirBaseUrl, async (gap) => {
    examples.add(gap);
    await file?.add(gap);
  });
  await file?.close(types);
  await snapshot.close();
  console.log(textOf(types, examples));
  return isComplete(types) ? 0 : 1;
}

/** `npm run directory-quality` */
process.exitCode = await runCommand({
  usage,
  given: readArguments(),
  session: 'directory quality',
  run: report,
  stopped: (reason) => `The report stopped: ${reason}.`,
});
