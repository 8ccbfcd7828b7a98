import { addressesFromVariables } from './addresses.js';
import { journey } from './journey.js';

/**
 * `npm run journey`: walks through the running system, prints each step, and exits non-zero at the first
 * failure.
 */
let steps = 0;
try {
  await journey(addressesFromVariables(process.env), (who, did, cameBack) => {
    steps += 1;
    console.log(`${String(steps).padStart(2)}. ${who.padEnd(14)} ${did}\n    → ${cameBack}`);
  });
  console.log(`\nThe journey is complete: ${steps} steps.`);
} catch (error) {
  const { code, cause, message } = error as { code?: string; cause?: { code?: string }; message: string };
  const away = (cause?.code ?? code) === 'ECONNREFUSED';
  console.error(
    `\nStep ${steps + 1} failed: ${away ? 'the system does not answer; start it with npm start' : message}`,
  );
  process.exit(1);
}
