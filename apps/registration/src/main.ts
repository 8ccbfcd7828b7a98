import '@payer/service/service-output';
import { registration } from './service.js';

await registration.run();
