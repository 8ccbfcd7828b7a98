import { runRestore } from '@payer/service';
import { readConfig } from './config.js';
import { appRecovery } from './facts/app-recovery.js';

await runRestore(appRecovery, readConfig);
