import { describe, expect, it } from 'vitest';
import { systemVariables, localPorts } from './services.js';
import { shownFolder, welcome } from './welcome.js';

describe('the text of npm start', () => {
  const variables = systemVariables(localPorts, (database) => `postgres://localhost/${database}`);

  it.each([
    [`${process.cwd()}/.data`, '.data/logs/'],
    ['/srv/second system', '/srv/second system/logs/'],
  ])('says where the logs are when the data is in %s', (directory, logs) => {
    expect(welcome(variables, directory, 1)).toContain(`Logs are in ${logs}. Ctrl-C`);
  });

  it('shows a folder beside the current one by its whole path', () => {
    expect(shownFolder('/srv/payer-2', '/srv/payer')).toBe('/srv/payer-2/');
    expect(shownFolder('/srv/payer', '/srv/payer')).toBe('/srv/payer/');
  });
});
