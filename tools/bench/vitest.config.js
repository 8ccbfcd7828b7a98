import { testsOf } from '../../vitest.preset.js';

export default testsOf('bench');
