import '@payer/service/service-output';
import { runProcess } from '@payer/service';
import { readConfig } from './config.js';
import { createAuthServer } from './service.js';

await runProcess('auth-server', async () => createAuthServer(readConfig()));
