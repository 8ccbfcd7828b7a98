import { testsOf } from '../../vitest.preset.js';

/** These tests mostly wait for the processes of their systems, so two files run in parallel. */
export default testsOf('journey', { maxWorkers: 2 });
