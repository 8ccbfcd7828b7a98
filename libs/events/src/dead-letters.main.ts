import { Logger } from '@nestjs/common';
import { runDeadLetters } from './dead-letters-command.js';

// The transport would log every attempt to standard output; the final error message gives the reason.
Logger.overrideLogger(false);
const { code, output, errors } = await runDeadLetters(process.argv.slice(2), process.env);
process.stdout.write(output);
process.stderr.write(errors);
process.exit(code);
