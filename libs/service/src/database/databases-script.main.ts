import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { databasesScript } from './databases-script.js';

/** `npm run database-script`: writes deploy/compose/databases.sh. */
writeFileSync(
  fileURLToPath(new URL('../../../../deploy/compose/databases.sh', import.meta.url)),
  databasesScript(),
);
