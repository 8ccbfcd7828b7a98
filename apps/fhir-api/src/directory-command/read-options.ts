import { parseArgs } from 'node:util';
import { environments, isEnvironment, type Environment } from '@payer/smart/environments';

/** The environments, as a usage text names them. */
export const environmentNames = environments.join('|');

/** Values of the options by their names. */
export type Options<Name extends string> = Partial<Record<Name, string>>;

/**
 * Reads the options of a command about one environment.
 * @param names of the options that take a value, beside `--environment`
 * @param read makes the arguments of the command, or a text about the option that is wrong
 * @param args the arguments of the process when absent
 * @returns a text for the user when an option is wrong; the usage when the user asks for help
 */
export function readOptions<Name extends string, Arguments extends object>(
  usage: string,
  names: readonly Name[],
  read: (environment: Environment, options: Options<Name>) => Arguments | string,
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
    const { environment, help, ...options } = values as Options<Name> & {
      environment?: string;
      help?: boolean;
    };
    if (help) return usage;
    if (!isEnvironment(environment)) return wrong(`--environment must be one of ${environments.join(', ')}`);
    const given = read(environment, options as unknown as Options<Name>);
    return typeof given === 'string' ? wrong(given) : given;
  } catch (error) {
    return wrong((error as Error).message);
  }
}
