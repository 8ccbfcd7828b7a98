import '@payer/service/tool-output';
import { setFlagsFromString } from 'node:v8';
import { runLoad } from './run-load.js';

// V8 inlines fewer small functions, so that it compiles less. Compiling is a fifth of the processor time of a
// small load, and the code of a large one is about as fast (docs/performance.md).
setFlagsFromString('--max-inlined-bytecode-size-cumulative=300');

/** `npm run load` */
process.exitCode = await runLoad(process.argv.slice(2));
