import { endpoints } from '@payer/smart';
import type { Check } from './check.js';

/** RFC 9126 §5: an app may be set to push every request, so that no browser can change one. */
export const checkPushed: Check = ({ app, addresses, isPushed }) =>
  app.require_pushed_authorization_requests && !isPushed
    ? {
        error: 'invalid_request',
        description: `this app must push its authorization requests (RFC 9126) to ${endpoints(addresses).pushed_authorization_request_endpoint}`,
      }
    : undefined;
