import '@payer/service/service-output';
import { setFlagsFromString } from 'node:v8';
import { fhirApi } from './service.js';

// Under load V8 sees the rows of many waiting requests survive. It then allocates new rows among the old
// objects, and their memory is freed only by a full collection: a third of all processor time
// (docs/performance.md).
setFlagsFromString('--no-allocation-site-pretenuring');
// A young collection copies a few megabytes. Several threads use a tenth more processor time for it, because
// they wait for each other.
setFlagsFromString('--no-parallel-scavenge');

// A heap of at most 128 MB grows by 30 % until V8 collects it fully. The buffers of answers count as growth,
// so even 160 small requests a second caused two or three full collections a second, each 10 to 30
// ms long.
setFlagsFromString('--heap-growing-percent=100');

await fhirApi.run();
