import { expect, it } from 'vitest';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { databasesScript } from './databases-script.js';

it('deploy/compose/databases.sh is in step with the table of databases (npm run database-script makes it)', () => {
  const path = fileURLToPath(new URL('../../../../deploy/compose/databases.sh', import.meta.url));
  expect(readFileSync(path, 'utf8')).toBe(databasesScript());
});
