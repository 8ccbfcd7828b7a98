/**
 * Runs a test file again and again beside busy loops, to find tests that fail only on a machine with other
 * work:
 *
 *   node tools/testing/busy.mjs apps/consent grant-ends.spec [times]
 *
 * There are as many busy loops as processors. Prints a line for each run, and the failures at the end. Exit
 * code 1 when a run failed.
 */
import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const [project, file, times = '10'] = process.argv.slice(2);
if (!project || !file || !/^\d+$/.test(times)) {
  console.error('Usage: node tools/testing/busy.mjs PROJECT-FOLDER TEST-FILE [TIMES]');
  process.exit(2);
}
const root = fileURLToPath(new URL('../..', import.meta.url));
/** A loop looks every second whether this process still lives, so that it never outlives a kill. */
const busy =
  'const parent = process.ppid; for (;;) { const until = Date.now() + 1000; while (Date.now() < until); if (process.ppid !== parent) break; }';
const loops = Array.from({ length: availableParallelism() }, () =>
  spawn(process.execPath, ['-e', busy], { stdio: 'ignore' }),
);
process.on('exit', () => loops.forEach((loop) => loop.kill('SIGKILL')));
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1));

/** @returns the exit code of one run and the names of its failed tests */
function run() {
  return new Promise((resolve) => {
    const vitest = join(root, 'node_modules/vitest/vitest.mjs');
    const child = spawn(process.execPath, [vitest, 'run', '--reporter=verbose', file], {
      cwd: join(root, project),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
    child.on('close', (code) => resolve({ code, output }));
  });
}

let failures = 0;
for (let n = 1; n <= Number(times); n++) {
  const from = Date.now();
  const { code, output } = await run();
  const failed = [...output.matchAll(/[×✗] (.*)/g)].map(([, name]) => name);
  console.log(
    `run ${n}: ${code === 0 ? 'passed' : 'FAILED'} in ${Math.round((Date.now() - from) / 1000)} s ${failed.join('; ')}`,
  );
  if (code === 0) continue;
  failures += 1;
  console.log(output);
}
console.log(`${file}: ${Number(times) - failures} of ${times} runs passed`);
process.exit(failures > 0 ? 1 : 0);
