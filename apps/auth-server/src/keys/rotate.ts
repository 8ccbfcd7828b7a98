import '@payer/service/tool-output';
import { rotateKeysCommand, Sealer } from '@payer/service';
import { accessTokenLifetime } from '@payer/smart';
import { readConfig } from '../config.js';
import { keyPurposes } from './keys.js';

/** Replaces the signing keys, one step at a time (docs/operations.md, Rotating signing keys). */
const { DATABASE_URL, KEY_ENCRYPTION_KEY } = readConfig();
const purposes = keyPurposes.map((purpose) => ({
  purpose,
  messageLifetime: accessTokenLifetime,
  messages: 'access tokens and id tokens',
}));
process.exit(await rotateKeysCommand('auth-server', DATABASE_URL, new Sealer(KEY_ENCRYPTION_KEY), purposes));
