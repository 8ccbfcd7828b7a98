/** SQL: the key of the copy of a logo. An address may be longer than a key of an index. */
export const uriSha256 = (uri: string): string => `encode(sha256(convert_to(${uri}, 'UTF8')), 'hex')`;

/** SQL: the copy of an app's logo, to join to `app`, a row of app_model. */
export const logoOfApp = `logo_copy logo ON logo.uri_sha256 = ${uriSha256("app.state->>'logo_uri'")}`;
