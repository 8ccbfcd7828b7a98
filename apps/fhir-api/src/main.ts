import '@payer/service/service-output';
import { setFlagsFromString } from 'node:v8';
import { runProcess } from '@payer/service';
import { fhirApiConfig } from './config.js';
import { createFhirApi } from './service.js';

// Under load V8 sees the rows of many waiting requests survive, and begins to make them among the old objects, where what they hold waits
// for a full collection: a third of all processor time (docs/performance.md).
setFlagsFromString('--no-allocation-site-pretenuring');

await runProcess('fhir-api', async () => createFhirApi(fhirApiConfig()));
