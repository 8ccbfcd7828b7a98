import { addNewRows } from './table-rows.js';

/**
 * A Vitest set-up file for `new-*.spec`: it runs before the other set-up files, and before any service is
 * loaded.
 */
addNewRows();
