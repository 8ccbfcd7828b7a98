import { parseArgs } from 'node:util';
import { reasonOf } from '@payer/events';
import { isEntryPoint, loadConfig, ownDatabaseVariables } from '@payer/service';
import { DataSource } from 'typeorm';
import { removeMails } from './remove-mails.js';

const usage = `A step of npm run remove-member.
  --email ADDRESS…`;

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { email: { type: 'string', multiple: true, default: [] } } });
  if (values.email.length === 0) {
    process.stderr.write(`${usage}\n`);
    return 2;
  }
  const { DATABASE_URL: url } = loadConfig(ownDatabaseVariables('registration'));
  const source = await new DataSource({ type: 'postgres', url }).initialize();
  try {
    process.stdout.write(`registration: ${await removeMails(source, values.email)} mails deleted\n`);
    return 0;
  } catch (error) {
    process.stderr.write(`registration: ${reasonOf(error)}\n`);
    return 1;
  } finally {
    await source.destroy();
  }
}

if (isEntryPoint(import.meta.url)) process.exitCode = await main();
