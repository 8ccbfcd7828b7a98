import { runRestore } from '@payer/service';
import { readConfig } from './config.js';
import { revocationRecovery } from './facts/revocation-recovery.js';

await runRestore(revocationRecovery, readConfig);
