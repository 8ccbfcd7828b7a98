import preset from '../../jest.preset.js';

/** These tests wait for the processes of their systems most of the time, so two files run beside each other. */
export default { ...preset, displayName: 'journey', maxWorkers: 2 };
