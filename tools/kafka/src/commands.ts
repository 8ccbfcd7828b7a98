import { execFile } from 'node:child_process';

/** The result of a command; `code` is undefined when the program does not exist. */
export interface Ended {
  code: number | undefined;
  output: string;
}

/** Runs a command to its end; never throws. */
export async function run(command: string, args: readonly string[], timeout = 600_000): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(command, args, { timeout, maxBuffer: 1 << 24 }, (error, stdout, stderr) => {
      const output = `${stdout}${stderr}`.trim();
      if (!error) return resolve({ code: 0, output });
      resolve({ code: error.code === 'ENOENT' ? undefined : Number(error.code ?? 1) || 1, output });
    });
  });
}
