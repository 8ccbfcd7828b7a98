import { closeSync, existsSync, openSync, rmSync, statSync } from 'node:fs';

/** A file that a load reads or writes, with the option that names it. */
export interface NamedFile {
  option: string;
  path: string;
}

/**
 * Finds what is wrong with the files that a load writes, before it reads or stores anything. A file that it
 * reads, too, would be empty before it is read.
 * @throws Error that says which option to change
 */
export function checkOutputs(outputs: readonly NamedFile[], inputs: readonly NamedFile[]): void {
  const options = new Map<string, string>();
  for (const { option, path } of inputs) if (existsSync(path)) options.set(numberOf(path), option);
  const added: string[] = [];
  try {
    for (const { option, path } of outputs) {
      if (!existsSync(path)) added.push(path);
      try {
        closeSync(openSync(path, 'a', 0o600));
      } catch (error) {
        const { message } = error as Error;
        throw new Error(`${option}: ${message}. Name a file that can be written.`, { cause: error });
      }
      if (!statSync(path).isFile()) continue;
      const other = options.get(numberOf(path));
      if (other !== undefined)
        throw new Error(
          `${option} ${path} is also the file of ${other} and would be overwritten. Name another file.`,
        );
      options.set(numberOf(path), option);
    }
  } finally {
    for (const path of added) rmSync(path, { force: true });
  }
}

/** What is the same for all names of a file. */
function numberOf(path: string): string {
  const { dev, ino } = statSync(path, { bigint: true });
  return `${dev} ${ino}`;
}
