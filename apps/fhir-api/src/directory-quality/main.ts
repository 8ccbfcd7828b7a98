import '@payer/service/tool-output';
import { BytesClient } from '@payer/fhir-store';
import { ExportSnapshot } from '@payer/fhir-store/export';
import { loadConfig } from '@payer/service/config';
import { databaseUrl, databaseVariables } from '../databases.js';
import { publicAccess } from '../gateway/open-directory.js';
import { readArguments, usage, type Arguments } from './arguments.js';
import { checkDirectory } from './check.js';
import { Examples, isComplete, ReportFile, textOf } from './report.js';

/** @returns the exit code */
async function report(client: BytesClient, { environment, report: path }: Arguments): Promise<number> {
  const snapshot = await ExportSnapshot.open(client, publicAccess);
  const examples = new Examples();
  const file = path === undefined ? undefined : new ReportFile(path, environment, snapshot.time);
  const types = await checkDirectory(snapshot, async (gap) => {
    examples.add(gap);
    await file?.add(gap);
  });
  await file?.close(types);
  await snapshot.close();
  console.log(textOf(types, examples));
  return isComplete(types) ? 0 : 1;
}

/** `npm run directory-quality`. @returns the exit code */
async function main(): Promise<number> {
  const given = readArguments();
  if (typeof given === 'string') {
    console.error(given);
    return given === usage ? 0 : 2;
  }
  const config = loadConfig(databaseVariables);
  const client = new BytesClient({
    connectionString: databaseUrl(config, given.environment),
    application_name: 'directory quality',
  });
  // A failed query rejects its own promise. Without this handler the error would end the process.
  client.on('error', () => undefined);
  try {
    await client.connect();
    return await report(client, given);
  } catch (error) {
    console.error(`The report stopped: ${(error as Error).message}.`);
    return 3;
  } finally {
    await client.end().catch(() => undefined);
  }
}

process.exitCode = await main();
