import { addressesFrom, addressVariables, commonVariables, loadConfig } from '@payer/service';
import { environments } from '@payer/smart';
import { capabilities } from '../engine.js';
import { publicDocuments } from './public-documents.js';

/*
 * Writes what `metadata` answers in each environment, a line each, without a database: for the validator.
 */
const config = loadConfig({ ...addressVariables, PLAN_NAME: commonVariables.PLAN_NAME });
const about = { planName: config.PLAN_NAME, date: new Date() };
for (const name of environments) {
  const documents = publicDocuments(addressesFrom(config)[name], { capabilities: () => capabilities }, about);
  process.stdout.write(`${documents.capabilities.body}\n`);
}
