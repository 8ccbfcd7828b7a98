import preset from '../../jest.preset.js';

export default { ...preset, displayName: 'ui', forceExit: false };
