import { endpoints, planRules, type EnvironmentAddresses, type Plan } from '@payer/smart';

/** The values that a snippet prints. */
export interface SnippetValues {
  /**
   * The app's own values. Undefined in the documentation: the program then reads them from the environment
   * variables CLIENT_ID and REDIRECT_URI.
   */
  app?: { client_id: string; redirect_uris: readonly string[] };
  /** Scopes of the plan, separated by spaces. */
  scope: string;
  issuer: string;
  authorizationEndpoint: string;
  tokenEndpoint: string;
  fhirBaseUrl: string;
  /** A resource type that the plan reads, for the search of a system flow. */
  type: string;
  /** Whether the platform is reached by plain http, which libraries allow on request only. */
  isPlainHttp: boolean;
}

/** A program that makes the first FHIR request of an app with one library, from the token to the answer. */
export interface Snippet {
  /** Its anchor on a page, and its name in the test that runs it. */
  id: string;
  title: string;
  fileName: string;
  /** Command that installs the library. Undefined when none is needed. */
  install?: string;
  /** Command that runs the program. */
  run: string;
  /** A sentence about the library, where one is needed. */
  note?: string;
  /** The authorization code flow. A member takes part. */
  member(values: SnippetValues): string;
  /** The client credentials flow. Undefined for a library without it. */
  system?(values: SnippetValues): string;
}

export type SnippetFlow = 'member' | 'system';

export const flowOf = (plan: Plan): SnippetFlow => (planRules[plan].needsRedirectUri ? 'member' : 'system');

export function snippetValues(
  plan: Plan,
  addresses: EnvironmentAddresses,
  app?: SnippetValues['app'],
): SnippetValues {
  const { authorization_endpoint, token_endpoint } = endpoints(addresses);
  const { scopes, reads } = planRules[plan];
  return {
    app,
    scope: scopes.join(' '),
    issuer: addresses.issuer,
    authorizationEndpoint: authorization_endpoint,
    tokenEndpoint: token_endpoint,
    fhirBaseUrl: addresses.fhirBaseUrl,
    type: (reads.data === 'directory' ? reads.types : reads.compartment)[0] ?? '',
    isPlainHttp: addresses.issuer.startsWith('http:'),
  };
}

/** The first redirect URI of the app. */
export const redirectUriOf = ({ app }: SnippetValues): string | undefined => app?.redirect_uris[0];

export const openThis = 'Open this address, sign in as a member and say yes:';
export const pasteThis = 'Paste the address to which the browser came back:';
