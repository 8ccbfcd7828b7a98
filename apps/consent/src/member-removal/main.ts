import { parseArgs } from 'node:util';
import { reasonOf } from '@payer/events';
import { isEntryPoint, loadConfig, ownDatabaseVariables } from '@payer/service';
import { environments, isEnvironment } from '@payer/smart';
import { DataSource } from 'typeorm';
import { removeFromConsent } from './member-removal.js';

const usage = `A step of npm run remove-member.
  --environment ${environments.join('|')} [--sub SUB…] [--patient ID…]`;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      environment: { type: 'string' },
      sub: { type: 'string', multiple: true, default: [] },
      patient: { type: 'string', multiple: true, default: [] },
    },
  });
  const { environment, sub: subs, patient: patients } = values;
  if (!isEnvironment(environment) || subs.length + patients.length === 0) {
    process.stderr.write(`${usage}\n`);
    return 2;
  }
  const { DATABASE_URL: url } = loadConfig(ownDatabaseVariables('consent'));
  const source = await new DataSource({ type: 'postgres', url }).initialize();
  try {
    const ended = await removeFromConsent(source, environment, { subs, patients });
    process.stdout.write(`consent: ${ended} grants ended\n`);
    return 0;
  } catch (error) {
    process.stderr.write(`consent: ${reasonOf(error)}\n`);
    return 1;
  } finally {
    await source.destroy();
  }
}

if (isEntryPoint(import.meta.url)) process.exitCode = await main();
