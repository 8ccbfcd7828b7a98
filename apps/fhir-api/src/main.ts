import '@payer/service/service-output';
import { setFlagsFromString } from 'node:v8';
import { fhirApi } from './service.js';

// Under load V8 sees the rows of many waiting requests survive. It then makes new rows among the old objects, where their
// memory waits for a full collection: a third of all processor time (docs/performance.md).
setFlagsFromString('--no-allocation-site-pretenuring');

await fhirApi.run();
