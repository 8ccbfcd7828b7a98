import { parseArgs } from 'node:util';
import { z } from 'zod';
import { reasonOf } from './reason.js';
import { openDeadLetters, transportVariables, type TransportConfig } from './transport.js';
import type { KeptDeadLetter } from './delivery/dead-letters.js';

const usage = `Events that a consumer could not parse or apply, and put aside.

  dead-letters list                 what nobody has dealt with yet
  dead-letters show ID…             an event whole, with its error (it may hold member data)
  dead-letters replay ID… | --all   send again; consumers that had applied it change nothing
  dead-letters discard ID…          deal with it by doing nothing

The transport is chosen by the services' own variables: EVENT_TRANSPORT, EVENTS_DATABASE_URL, KAFKA_….
`;

/** The command line is wrong, and nothing was changed. */
class Misuse extends Error {}

type Variables = Record<string, string | undefined>;

/** What the command says, and the exit code. */
export interface Answer {
  code: number;
  output: string;
  errors: string;
}

/** Syntax of each command. */
const commands = {
  list: 'list',
  show: 'show ID…',
  replay: 'replay ID… or replay --all',
  discard: 'discard ID…',
};

interface Request {
  command: keyof typeof commands;
  ids: string[];
  /** Only for `replay`. */
  all: boolean;
}

/** @returns undefined when the arguments ask for help */
function requestOf(args: string[]): Request | undefined {
  const { positionals, values } = parsed(args);
  if (values.help) return undefined;
  const [command = '', ...ids] = positionals;
  const { all } = values;
  if (!isCommand(command)) throw new Misuse(`There is no command "${command}".\n\n${usage}`);
  const given = Number(all) + Number(ids.length > 0);
  if (given !== (command === 'list' ? 0 : 1) || (all && command !== 'replay'))
    throw new Misuse(`Say it like this: ${commands[command]}\n`);
  return { command, ids, all };
}

function isCommand(word: string): word is keyof typeof commands {
  return Object.hasOwn(commands, word);
}

function parsed(args: string[]) {
  const flag = { type: 'boolean', default: false } as const;
  try {
    return parseArgs({ args, allowPositionals: true, options: { all: flag, help: { ...flag, short: 'h' } } });
  } catch (error) {
    throw new Misuse(`${(error as Error).message}\n\n${usage}`);
  }
}

/** Same rule as in the services: an empty variable counts as not set. */
function configuration(variables: Variables): TransportConfig {
  const given = Object.entries(variables).filter(([, value]) => value !== '');
  const config = z.object(transportVariables).safeParse(Object.fromEntries(given));
  if (!config.success) throw new Misuse(`Configuration is wrong:\n${z.prettifyError(config.error)}\n`);
  return config.data;
}

/** @returns the output */
async function carryOut({ command, ids, all }: Request, config: TransportConfig): Promise<string> {
  const deadLetters = await openDeadLetters(config);
  try {
    const letters = await deadLetters.list();
    if (command === 'list') return textOf(letters);
    const missing = ids.filter((id) => !letters.some((letter) => letter.id === id));
    if (missing.length > 0)
      throw new Misuse(`There is no open dead letter ${missing.join(', ')}; "list" shows them.\n`);
    const chosen = all ? letters : letters.filter(({ id }) => ids.includes(id));
    if (command === 'show') return chosen.map((letter) => `${JSON.stringify(letter, null, 2)}\n`).join('');
    for (const letter of chosen) await deadLetters[command](letter);
    return `${command}: ${chosen.length}\n`;
  } finally {
    await deadLetters.close();
  }
}

function textOf(letters: readonly KeptDeadLetter[]): string {
  const lines = letters.map(
    ({ id, at, consumer, topic, error }) => `${id}  ${at}  ${consumer}  ${topic}  ${error.split('\n')[0]}\n`,
  );
  return `${lines.join('')}${letters.length} dead letter${letters.length === 1 ? '' : 's'}\n`;
}

/** @returns the output */
async function outputOf(args: string[], variables: Variables): Promise<string> {
  const request = requestOf(args);
  if (!request) return usage;
  const config = configuration(variables);
  return carryOut(request, config).catch((error: Error) => {
    if (error instanceof Misuse) throw error;
    const variable = config.EVENT_TRANSPORT === 'kafka' ? 'KAFKA_BROKERS' : 'EVENTS_DATABASE_URL';
    throw new Error(
      `${request.command} failed: ${reasonOf(error)}\n` +
        `The transport is ${config.EVENT_TRANSPORT} (EVENT_TRANSPORT), reached by ${variable}. What has not been dealt with is still listed.\n`,
    );
  });
}

/**
 * Does what the arguments of `npm run dead-letters` say.
 * @param variables as in the environment of the process
 */
export async function runDeadLetters(args: string[], variables: Variables): Promise<Answer> {
  try {
    return { code: 0, output: await outputOf(args, variables), errors: '' };
  } catch (error) {
    const errors = `dead-letters: ${(error as Error).message}`;
    return { code: error instanceof Misuse ? 2 : 1, output: '', errors };
  }
}
