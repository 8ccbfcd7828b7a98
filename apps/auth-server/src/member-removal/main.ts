import { parseArgs } from 'node:util';
import { reasonOf } from '@payer/events';
import { isEntryPoint, loadConfig, ownDatabaseVariables } from '@payer/service';
import { environments, isEnvironment } from '@payer/smart';
import { DataSource } from 'typeorm';
import { beginRemoval, endRemoval } from './member-removal.js';

const usage = `A step of npm run remove-member.
  begin --environment ${environments.join('|')} --member KEY   prints the members as JSON
  end --environment ${environments.join('|')} --sub SUB…`;

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    options: {
      environment: { type: 'string' },
      member: { type: 'string' },
      sub: { type: 'string', multiple: true },
    },
    allowPositionals: true,
  });
  const { environment, member, sub } = values;
  const [command] = positionals;
  if (!isEnvironment(environment) || (command === 'begin' ? !member : command !== 'end' || !sub)) {
    process.stderr.write(`${usage}\n`);
    return 2;
  }
  const { DATABASE_URL: url } = loadConfig(ownDatabaseVariables('auth-server'));
  const source = await new DataSource({ type: 'postgres', url }).initialize();
  try {
    if (member) process.stdout.write(`${JSON.stringify(await beginRemoval(source, environment, member))}\n`);
    else await endRemoval(source, environment, sub ?? []);
    return 0;
  } catch (error) {
    process.stderr.write(`auth-server: ${reasonOf(error)}\n`);
    return 1;
  } finally {
    await source.destroy();
  }
}

if (isEntryPoint(import.meta.url)) process.exitCode = await main();
