import '@payer/service/service-output';
import { setFlagsFromString } from 'node:v8';
import { fhirApi } from './service.js';

// Under load V8 sees the rows of many waiting requests survive. It then allocates new rows among the old
// objects, and their memory is freed only by a full collection: a third of all processor time
// (docs/performance.md).
setFlagsFromString('--no-allocation-site-pretenuring');

await fhirApi.run();
