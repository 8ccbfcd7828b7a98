import { rotateKeysCommand, Sealer } from '@payer/service';
import { readConfig } from '../config.js';

/** Replaces the signing keys, a step at a time (docs/operations.md, Rotating signing keys). */
const { DATABASE_URL, KEY_ENCRYPTION_KEY } = readConfig();
process.exit(await rotateKeysCommand(DATABASE_URL, new Sealer(KEY_ENCRYPTION_KEY), ['consent']));
