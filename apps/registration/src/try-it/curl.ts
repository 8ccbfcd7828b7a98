import type { Step } from './run.js';

/** Text in single quotes of a POSIX shell. */
const quoted = (text: string) => `'${text.replaceAll("'", String.raw`'\''`)}'`;

/** The request of a step for a terminal. The app's own id and secret come from variables. */
export function curlOf({ request: { method, url, headers, body } }: Step): string {
  const isBasic = headers.authorization?.startsWith('Basic ') ?? false;
  const sent = Object.entries(headers).filter(
    ([name]) => name !== 'content-type' && !(isBasic && name === 'authorization'),
  );
  return [
    `curl ${method === 'GET' ? '' : `-X ${method} `}${quoted(url)}`,
    ...(isBasic ? ['-u "$CLIENT_ID:$CLIENT_SECRET"'] : []),
    ...sent.map(([name, value]) => `-H ${quoted(`${name}: ${value}`)}`),
    ...(body === undefined ? [] : [`--data ${quoted(body)}`]),
  ].join(' \\\n  ');
}
