/**
 * Any web page may call this API: what protects the data is the bearer token, and no cookie is ever read here, so
 * credentials are not allowed (SMART 2.2 §7, "CORS").
 */
export const corsHeaders = {
  'access-control-allow-origin': '*',
  'access-control-expose-headers':
    'ETag, Last-Modified, Location, Content-Location, WWW-Authenticate, Retry-After, RateLimit, RateLimit-Policy, Allow, X-Request-Id',
};

/** What every answer has. */
export const commonHeaders = { ...corsHeaders, 'x-content-type-options': 'nosniff' };

/** Answers a preflight for any of our addresses; browsers may remember it for a day. */
export const preflightHeaders = {
  'access-control-allow-methods': 'GET, HEAD, POST, OPTIONS',
  'access-control-allow-headers':
    'Authorization, Accept, Content-Type, Prefer, If-None-Match, If-Modified-Since, X-Request-Id',
  'access-control-max-age': '86400',
};
