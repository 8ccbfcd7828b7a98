import type { Check } from './check.js';

/** RFC 6749 §3.1.1: the authorization code flow is the only flow through the browser. */
export const checkResponseType: Check = ({ parameters }) => {
  const asked = parameters.get('response_type');
  if (asked === 'code') return undefined;
  return asked
    ? { error: 'unsupported_response_type', description: 'response_type must be code' }
    : { error: 'invalid_request', description: 'response_type is missing; it must be code' };
};

/** SMART uses `query`. Other modes carry codes in fragments and scripts, and no app here needs them. */
export const checkResponseMode: Check = ({ parameters }) =>
  (parameters.get('response_mode') ?? 'query') === 'query'
    ? undefined
    : { error: 'invalid_request', description: 'response_mode must be query, or absent' };
