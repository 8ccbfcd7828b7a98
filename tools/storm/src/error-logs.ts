import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

/**
 * The first lines of the errors with a stack in the services' logs, with their number: unexpected errors,
 * which a client sees as status 500.
 * @param directory the log files of the system, one JSON object a line
 */
export function loggedErrors(directory: string): Record<string, number> {
  const errors: Record<string, number> = {};
  for (const file of readdirSync(directory).filter((name) => name.endsWith('.log')))
    for (const line of readFileSync(join(directory, file), 'utf8').split('\n')) {
      if (!line.includes('"error"') || !line.includes('\\n    at ')) continue;
      const first = line.match(/(\w*Error\w*: .*?)\\n/)?.[1] ?? line.slice(0, 300);
      const key = `${basename(file, '.log')}: ${first}`;
      errors[key] = (errors[key] ?? 0) + 1;
    }
  return errors;
}
