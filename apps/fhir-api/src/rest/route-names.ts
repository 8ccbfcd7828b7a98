import { brandsPath } from '../brands/user-access-brands.js';
import type { Interaction } from './interaction.js';

/** Path templates for metrics and logs. `fhir_interactions_total` carries the resource type. */
export const routeNames: Record<Interaction['kind'], string> = {
  read: '{base}/{type}/{id}',
  search: '{base}/{type}',
  capabilities: '{base}/metadata',
  'smart-configuration': '{base}/.well-known/smart-configuration',
  brands: `{base}${brandsPath}`,
  published: '{base}/directory-export/{file}',
  batch: '{base}',
  options: '{base}/*',
};
