import { realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { reasonOf } from '@payer/events';

/**
 * Whether Node.js was started with this module rather than with another module that imports it.
 * @param url `import.meta.url`
 */
export function isEntryPoint(url: string): boolean {
  const entry = process.argv[1];
  return entry !== undefined && realpathSync(entry) === realpathSync(fileURLToPath(url));
}

/**
 * Runs a command when Node.js was started with its module. So one module is both a program and a function for
 * `npm start`, which runs several commands in one process.
 * @param command returns the line that reports the result
 */
export async function runCommand(url: string, name: string, command: () => Promise<string>): Promise<void> {
  if (!isEntryPoint(url)) return;
  try {
    process.stdout.write(`${await command()}\n`);
  } catch (error) {
    process.stderr.write(`${name} failed: ${reasonOf(error)}\n`);
    process.exitCode = 1;
  }
}
