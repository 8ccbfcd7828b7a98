export { createSchema } from './create-schema.js';
export { storeMigrations } from './store-migrations.js';
export { storeTables } from './store-tables.js';
