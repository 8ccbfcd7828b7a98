import { runProcess } from '@payer/service';
import { fhirApiConfig } from './config.js';
import { createFhirApi } from './service.js';

await runProcess('fhir-api', async () => createFhirApi(fhirApiConfig()));
