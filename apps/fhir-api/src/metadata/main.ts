import { addressesFrom, addressVariables, commonVariables, loadConfig } from '@payer/service';
import { environments } from '@payer/smart';
import { capabilitiesFor } from '@payer/fhir-store';
import { brandVariable } from '../brands/brand.js';
import { publicDocuments } from './public-documents.js';
import { readTogether } from './read-together.js';

/*
 * Writes the CapabilityStatement of each environment, one per line, without a database. For the validator.
 */
const config = loadConfig({
  ...addressVariables,
  PLAN_NAME: commonVariables.PLAN_NAME,
  BRAND: brandVariable,
});
const about = {
  planName: config.PLAN_NAME,
  brand: config.BRAND,
  portalUrl: config.REGISTRATION_URL,
  date: new Date(),
  offered: { everything: true, publishedFiles: true },
};
for (const name of environments) {
  const documents = publicDocuments(
    addressesFrom(config)[name],
    { capabilities: () => capabilitiesFor(readTogether) },
    about,
  );
  process.stdout.write(`${documents.capabilities.body}\n`);
}
