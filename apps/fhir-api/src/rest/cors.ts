/**
 * Any web page may call this API. The bearer token protects the data, and this API reads no cookie, so
 * credentials are not allowed (SMART 2.2 §7, "CORS").
 */
export const corsHeaders = {
  'access-control-allow-origin': '*',
  'access-control-expose-headers':
    'ETag, Last-Modified, Location, Content-Location, WWW-Authenticate, Retry-After, RateLimit, RateLimit-Policy, Allow, Accept-Ranges, Content-Range, Deprecation, Sunset, Link, X-Request-Id',
};

/** Answers a preflight for every URL of this API. A browser may cache the answer for a day. */
export const preflightHeaders = {
  'access-control-allow-methods': 'GET, HEAD, POST, OPTIONS',
  'access-control-allow-headers':
    'Authorization, DPoP, Accept, Content-Type, Prefer, If-None-Match, If-Modified-Since, Range, If-Range, X-Request-Id',
  'access-control-max-age': '86400',
};
