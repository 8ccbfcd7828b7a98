import '@payer/service/tool-output';
import { rotateKeysCommand, Sealer } from '@payer/service';
import { readConfig } from '../config.js';

/**
 * Seconds. Longer than the lifetime of every message of consent (decisions, sign-out requests, client
 * assertions).
 */
const messageLifetime = 600;

/** Replaces the signing keys, one step at a time (docs/operations.md, Rotating signing keys). */
const { DATABASE_URL, KEY_ENCRYPTION_KEY } = readConfig();
process.exit(
  await rotateKeysCommand('consent', DATABASE_URL, new Sealer(KEY_ENCRYPTION_KEY), [
    { purpose: 'consent', messageLifetime, messages: 'decisions on their way' },
  ]),
);
