import { parseArgs } from 'node:util';
import { z } from 'zod';
import { openDeadLetters, transportVariables } from './index.js';

const usage = `Events that a consumer could not parse or apply, and put aside.

  dead-letters list                 what nobody has dealt with yet
  dead-letters show ID              one event whole, with its error (it may hold member data)
  dead-letters replay ID… | --all   send again; consumers that had applied it change nothing
  dead-letters discard ID…          deal with it by doing nothing

The transport is chosen by the services' own variables: EVENT_TRANSPORT, EVENTS_DATABASE_URL, KAFKA_….
`;

async function main(): Promise<number> {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { all: { type: 'boolean', default: false } },
  });
  const [command, ...ids] = positionals;
  if (!command || !['list', 'show', 'replay', 'discard'].includes(command)) {
    process.stderr.write(usage);
    return 2;
  }
  const deadLetters = await openDeadLetters(z.object(transportVariables).parse(process.env));
  try {
    const letters = await deadLetters.list();
    if (command === 'list') {
      for (const { id, at, consumer, topic, error } of letters)
        process.stdout.write(`${id}  ${at}  ${consumer}  ${topic}  ${error.split('\n')[0]}\n`);
      process.stdout.write(`${letters.length} dead letter${letters.length === 1 ? '' : 's'}\n`);
      return 0;
    }
    const chosen =
      values.all && command === 'replay' ? letters : letters.filter(({ id }) => ids.includes(id));
    const missing = ids.filter((id) => !letters.some((letter) => letter.id === id));
    if (missing.length > 0 || (chosen.length === 0 && !values.all)) {
      process.stderr.write(
        missing.length > 0
          ? `There is no open dead letter ${missing.join(', ')}; "list" shows them.\n`
          : `Say which: ${command} ID…\n`,
      );
      return 2;
    }
    for (const letter of chosen) {
      if (command === 'show') process.stdout.write(`${JSON.stringify(letter, null, 2)}\n`);
      else await deadLetters[command as 'replay' | 'discard'](letter);
    }
    if (command !== 'show') process.stdout.write(`${command}: ${chosen.length}\n`);
    return 0;
  } finally {
    await deadLetters.close();
  }
}

main().then(
  (code) => process.exit(code),
  (error: Error) => {
    process.stderr.write(`dead-letters: ${error.message}\n`);
    process.exit(1);
  },
);
