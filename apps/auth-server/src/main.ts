import '@payer/service/service-output';
import { authServer } from './service.js';

await authServer.run();
