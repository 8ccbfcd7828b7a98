import { parseArgs } from 'node:util';
import { environments, isEnvironment, type Environment } from '@payer/smart/environments';

/** The environments, as a usage text names them. */
export const environmentNames = environments.join('|');

/** Values of the options by their names. */
export type Options = Record<string, string | undefined>;

/**
 * Reads the options of a command about one environment.
 * @param names of the options that take a value, beside `--environment`
 * @param read makes the arguments of the command, or a text about the option that is wrong
 * @param args the arguments of the process when absent
 * @returns a text for the user when an option is wrong; the usage when the user asks for help
 */
export function readOptions<Arguments extends object>(
  usage: string,
  names: readonly string[],
  read: (environment: Environment, options: Options) => Arguments | string,
  args?: string[],
): Arguments | string {
  const wrong = (text: string) => `${text}\n\n${usage}`;
  try {
    const text = { type: 'string' } as const;
    const { values } = parseArgs({
      ...(args ? { args } : {}),
      options: {
        ...Object.fromEntries(names.map((name) => [name, text])),
        environment: text,
        help: { type: 'boolean' },
      },
    });
    const { help, ...options } = values as { help?: boolean; environment?: string };
    if (help) return usage;
    const { environment } = options;
    if (!isEnvironment(environment)) return wrong(`--environment must be one of ${environments.join(', ')}`);
    const given = read(environment, options);
    return typeof given === 'string' ? wrong(given) : given;
  } catch (error) {
    return wrong((error as Error).message);
  }
}
