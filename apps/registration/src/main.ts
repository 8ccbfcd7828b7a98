import '@payer/service/service-output';
import 'reflect-metadata';
import { runProcess } from '@payer/service';
import { readConfig } from './config.js';
import { createRegistration } from './service.js';

await runProcess('registration', async () => createRegistration(readConfig()));
