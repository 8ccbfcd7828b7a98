import '@payer/service/tool-output';
import { rotateKeysCommand, Sealer } from '@payer/service';
import { readConfig } from '../config.js';

/** Seconds: more than any message of consent lives (decisions, sign-out requests, client assertions). */
const messageLifetime = 600;

/** Replaces the signing keys, a step at a time (docs/operations.md, Rotating signing keys). */
const { DATABASE_URL, KEY_ENCRYPTION_KEY } = readConfig();
process.exit(
  await rotateKeysCommand('consent', DATABASE_URL, new Sealer(KEY_ENCRYPTION_KEY), [
    { purpose: 'consent', messageLifetime, messages: 'decisions on their way' },
  ]),
);
