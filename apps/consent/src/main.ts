import '@payer/service/service-output';
import { consent } from './service.js';

await consent.run();
