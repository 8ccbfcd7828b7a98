import { whyNotAllowed } from '../../clients/app-rules.js';
import type { Check } from './check.js';

/** The plan, the environment and the app's status. */
export const checkApp: Check = ({ app, addresses }) => {
  const why = whyNotAllowed(app, addresses.environment, 'authorization-code');
  return why ? { error: 'unauthorized_client', description: why } : undefined;
};
