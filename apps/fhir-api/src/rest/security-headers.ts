import { corsHeaders } from './cors.js';

/**
 * The same headers as the other services send. A browser that has seen one answer over TLS never uses plain
 * HTTP for a year (RFC 6797); over plain HTTP it ignores the header.
 */
const securityHeaders = {
  'strict-transport-security': 'max-age=31536000; includeSubDomains',
  'x-content-type-options': 'nosniff',
};

/** Headers of every answer. */
export const commonHeaders = { ...corsHeaders, ...securityHeaders };
