/**
 * The tables that every service follows, without any module that reads them. A test adds rows before these
 * modules are loaded.
 */
export { environmentRules } from './environment-table.js';
export { planTable } from './plan-table.js';
