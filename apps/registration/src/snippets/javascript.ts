import { redirectUriOf, type SnippetValues } from './snippet.js';

/** A text as a literal of JavaScript, in single quotes. */
export const jsText = (text: string): string =>
  `'${JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`;

export const jsClientId = ({ app }: SnippetValues): string =>
  app ? jsText(app.client_id) : 'process.env.CLIENT_ID';

export function jsRedirectUri(values: SnippetValues): string {
  const redirectUri = redirectUriOf(values);
  return redirectUri === undefined ? 'process.env.REDIRECT_URI' : jsText(redirectUri);
}
