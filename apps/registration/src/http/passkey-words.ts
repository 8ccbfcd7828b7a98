import type { PasskeyWords } from '@payer/ui';

/** Sentences of the portal's script about passkeys. */
export const passkeyWords: PasskeyWords = {
  unsupported: 'This browser cannot use passkeys here.',
  canceled: 'No passkey was used. Try again.',
  known: 'This device has a passkey of your account.',
  failed: 'The portal did not answer. Try again in a minute.',
};
