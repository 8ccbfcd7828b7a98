import { appendParameters } from '@payer/service';
import { environmentRule, errorPage, type AppState, type Environment } from '@payer/smart';

/**
 * RFC 9700 §4.11.2: an error must not send the browser to the address of a client that nobody has reviewed.
 * In an environment that opens with approval, an unapproved app gets a page instead of a redirect.
 */
export const isUnreviewed = (app: AppState, environment: Environment) =>
  environmentRule(environment).opens === 'with-approval' && !app.environments.includes(environment);

interface Request {
  state: string | null;
  issuer: string;
  portalUrl: string;
}

/** The redirect URI with an error of the authorization request (RFC 6749 §4.1.2.1), and `iss` (RFC 9207). */
export const errorRedirect = (
  redirectUri: string,
  problem: { error: string; description: string },
  { state, issuer, portalUrl }: Request,
): string =>
  appendParameters(redirectUri, [
    ['error', problem.error],
    ['error_description', problem.description],
    ['error_uri', errorPage(portalUrl, problem.error)],
    ...(state === null ? [] : [['state', state] as const]),
    ['iss', issuer],
  ]);
