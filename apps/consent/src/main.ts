import '@payer/service/service-output';
import { runProcess } from '@payer/service';
import { readConfig } from './config.js';
import { createConsent } from './service.js';

await runProcess('consent', async () => createConsent(readConfig()));
