import { captureOutput } from './process-output.js';

/** Whether this process runs a program of a service; `npm start` runs some programs in its own process. */
const isProgramOfService = /[\\/]apps[\\/][^\\/]+[\\/]dist[\\/]/.test(process.argv[1] ?? '');

/*
 * The first import of a program that runs to its end (migrations, loader, import). Its lines are JSON for a
 * machine and text on a terminal. The answer to --help is always text: a person asks for it, and may page it.
 */
const isHelp = process.argv.includes('--help');
if (isProgramOfService && !isHelp)
  captureOutput((['stdout', 'stderr'] as const).filter((name) => !process[name].isTTY));
