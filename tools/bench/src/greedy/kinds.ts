import type { GreedyLoad } from './greedy-load.js';

/** Access tokens and addresses for a greedy app. */
export interface GreedyMeans {
  /** FHIR base of the sandbox. */
  base: string;
  /** Token endpoint of the sandbox. */
  tokenEndpoint: string;
  /** Id of a Practitioner in the sandbox. */
  practitioner: string;
  member: string;
  directory: string;
  /** `client_id:client_secret` of the directory app. */
  credentials: string;
}

export interface GreedyKind {
  name: string;
  load(means: GreedyMeans): GreedyLoad;
}

const list = (n: number, prefix = 'v') => Array.from({ length: n }, (_, i) => `${prefix}${i}`).join();
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const form = { 'content-type': 'application/x-www-form-urlencoded' };

type Token = 'member' | 'directory';

function gets(name: string, token: Token, path: string, more: Partial<GreedyLoad> = {}): GreedyKind {
  return {
    name,
    load: (means) => ({
      url: `${means.base}${path.replace('{practitioner}', means.practitioner)}`,
      method: 'GET',
      headers: bearer(means[token]),
      connections: 40,
      ...more,
    }),
  };
}

function posts(name: string, token: Token, path: string, body: string, connections = 40): GreedyKind {
  return {
    name,
    load: (means) => ({
      url: `${means.base}${path}`,
      method: 'POST',
      headers: { ...bearer(means[token]), ...form, 'content-length': String(body.length) },
      body,
      connections,
    }),
  };
}

const compressed = ({ name, load }: GreedyKind): GreedyKind => ({
  name,
  load: (means) => {
    const plain = load(means);
    return { ...plain, headers: { ...plain.headers, 'accept-encoding': 'br' } };
  },
});

/** The access token with an invalid signature. */
const altered = (token: string) =>
  `${token.slice(0, -8)}${token.endsWith('AAAAAAAA') ? 'BBBBBBBB' : 'AAAAAAAA'}`;

/**
 * Kinds of greedy load: searches that are refused for their cost, searches that are barely allowed, cheap
 * requests without end, requests that are refused for other reasons, and answers that the client does not
 * read.
 */
export const greedyKinds: readonly GreedyKind[] = [
  posts('9,000 values of :contains', 'directory', '/Practitioner/_search', `name:contains=${list(9000)}`),
  posts('450 values of :contains', 'directory', '/Practitioner/_search', `name:contains=${list(450)}`),
  posts(
    '450 values of :contains, as a member',
    'member',
    '/Practitioner/_search',
    `name:contains=${list(450)}`,
  ),
  posts('30 kB of codes', 'member', '/Observation/_search', `code=${list(4500)}`),
  gets(
    'chains',
    'directory',
    `/PractitionerRole?practitioner.name:contains=${list(100)}&organization.name:contains=${list(100)}`,
  ),
  gets('_has', 'directory', `/Practitioner?_has:PractitionerRole:practitioner:specialty=${list(2000, '2')}`),
  gets('_include of everything', 'directory', '/PractitionerRole?_include=*&_include:iterate=*&_count=1000'),
  gets('_revinclude of everything', 'member', '/Patient?_revinclude=*&_count=1000'),
  gets('large pages', 'directory', '/Practitioner?_count=1000'),
  compressed(gets('large pages, compressed', 'directory', '/Practitioner?_count=1000')),
  gets(
    '_sort and _total',
    'directory',
    '/Location?_sort=name,address-city,-_lastUpdated&_total=accurate&_count=1000',
  ),
  gets('reads', 'directory', '/Practitioner/{practitioner}', { connections: 64 }),
  gets('reads over 600 connections', 'directory', '/Practitioner/{practitioner}', { connections: 600 }),
  gets('1,000 reads a second', 'directory', '/Practitioner/{practitioner}', { connections: 200, rate: 1000 }),
  gets('malformed searches, answered with 400', 'directory', '/Practitioner?_count=x', { connections: 64 }),
  {
    name: 'altered tokens, answered with 401',
    load: ({ base, directory }) => ({
      url: `${base}/Practitioner`,
      method: 'GET',
      headers: bearer(altered(directory)),
      connections: 64,
    }),
  },
  {
    name: 'no tokens, answered with 401',
    load: ({ base }) => ({ url: `${base}/Practitioner`, method: 'GET', headers: {}, connections: 64 }),
  },
  gets('large pages, read slowly', 'directory', '/Practitioner?_count=1000', {
    connections: 64,
    readRate: 50_000,
  }),
  {
    name: 'token requests',
    load: ({ tokenEndpoint, credentials }) => {
      const body = 'grant_type=client_credentials&scope=system%2F*.rs';
      return {
        url: tokenEndpoint,
        method: 'POST',
        headers: {
          ...form,
          authorization: `Basic ${Buffer.from(credentials).toString('base64')}`,
          'content-length': String(body.length),
        },
        body,
        connections: 40,
      };
    },
  },
];
