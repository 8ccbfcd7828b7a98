import { runRestore } from '@payer/service';
import { readConfig } from './config.js';
import { grantRecovery } from './facts/grant-recovery.js';

await runRestore(grantRecovery, readConfig);
