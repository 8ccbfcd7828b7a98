import { availableParallelism } from 'node:os';
import { BaseSequencer } from 'vitest/node';
import { testsOf } from './vitest.preset.js';

/**
 * The test files that take longest, as parts of their paths. They begin first, so that none is left for the
 * end.
 */
const longest = [
  'tools/journey/src/system.spec',
  'libs/events/src/recovery/recovery.spec',
  'libs/events/src/postgres/postgres-transport.spec',
  'apps/auth-server/src/member-providers/member-providers.spec',
  'libs/fhir-store/src/parameters/every-parameter.spec',
  'apps/registration/src/webhooks/webhooks.spec',
  'tools/local/src/database-roles.spec',
  'libs/fhir-store/src/query/withheld.spec',
  'libs/fhir-store/src/load/reindex.spec',
  'apps/fhir-api/src/load/main.spec',
  'tools/processes/src/end-with-us.spec',
];

class LongestFirst extends BaseSequencer {
  async sort(files) {
    const place = ({ moduleId }) => {
      const index = longest.findIndex((path) => moduleId.includes(path));
      return index < 0 ? longest.length : index;
    };
    return (await super.sort(files)).sort((one, other) => place(one) - place(other));
  }
}

/**
 * All projects at once, for `npm test`: their test files share a few processes, two more than there are
 * processors, because tests also wait.
 */
export default testsOf('all', {
  folders: '{apps,libs,tools}/*',
  exclude: ['tools/third-party/**'],
  maxWorkers: Math.min(availableParallelism() + 2, 10),
  sequencer: LongestFirst,
});
