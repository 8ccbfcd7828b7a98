import '@payer/service/tool-output';
import { parseArgs } from 'node:util';
import { isEnvironment } from '@payer/smart';
import { readConfig } from '../config.js';
import { importRoster } from './roster.js';

const usage =
  'usage: import-roster --environment NAME --provider ID [--max-removed SHARE] FILE.ndjson\n' +
  'SHARE is the part of the members, 0 to 1, that may be removed; 0.1 when left out';

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    options: {
      environment: { type: 'string' },
      provider: { type: 'string' },
      'max-removed': { type: 'string', default: '0.1' },
    },
    allowPositionals: true,
  });
  const { environment, provider } = values;
  const [file] = positionals;
  const maxRemoved = Number(values['max-removed']);
  if (!isEnvironment(environment) || !provider || !file || !(maxRemoved >= 0 && maxRemoved <= 1)) {
    console.error(usage);
    return 2;
  }
  const config = readConfig();
  const known = config.MEMBER_PROVIDERS.some(
    (rule) => rule.environment === environment && rule.id === provider,
  );
  if (!known) {
    console.error(`MEMBER_PROVIDERS names no provider ${provider} of ${environment}`);
    return 2;
  }
  try {
    const report = await importRoster(config.DATABASE_URL, file, { environment, provider, maxRemoved });
    console.log(`members of ${environment} at ${provider}: ${JSON.stringify(report)}`);
    return 0;
  } catch (error) {
    console.error((error as Error).message);
    return 1;
  }
}

process.exit(await main());
