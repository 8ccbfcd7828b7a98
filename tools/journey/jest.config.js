import preset from '../../jest.preset.js';

/** These tests mostly wait for the processes of their systems, so two files run in parallel. */
export default { ...preset, displayName: 'journey', maxWorkers: 2 };
