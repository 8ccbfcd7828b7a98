import type { PlatformAnswer } from '../../http/platform-http.js';
import { demand, demandStatus, type Check } from './check.js';
import type { Subject } from './subject.js';

/** An error that goes back to the app (RFC 6749 §4.1.2.1), with state and issuer. */
function demandError(subject: Subject, answer: PlatformAnswer, ...codes: string[]): void {
  demandStatus(answer, 302, 303);
  const location = answer.headers.location ?? '';
  demand(
    location.startsWith(`${subject.member.redirect_uri}?`),
    'The browser is not sent to the redirect URI.',
  );
  const parameters = new URL(location).searchParams;
  const error = parameters.get('error') ?? 'no error';
  demand(codes.includes(error), `The response has ${error}. It must be ${codes.join(' or ')}.`);
  demand(!parameters.has('code'), 'The response has a code.');
  demand(parameters.get('state') === 'conformance', 'The response lacks the state of the request.');
  demand(parameters.get('iss') === subject.addresses.issuer, 'The response lacks iss (RFC 9207).');
}

/** The sign-in comes next: a page of the issuer. */
function demandSignIn({ addresses }: Subject, answer: PlatformAnswer): void {
  demandStatus(answer, 302, 303);
  const location = new URL(answer.headers.location ?? '', `${addresses.issuer}/`);
  demand(
    location.origin === new URL(addresses.issuer).origin && !location.searchParams.has('error'),
    'The request does not lead to the sign-in.',
  );
}

const refusal = (
  id: string,
  title: string,
  changed: Record<string, string | undefined> | ((subject: Subject) => Record<string, string>),
  ...codes: string[]
): Check => ({
  id,
  title,
  needsApp: true,
  async run(subject) {
    const parameters = typeof changed === 'function' ? changed(subject) : changed;
    demandError(subject, await subject.authorize(parameters), ...codes);
  },
});

/** The authorization endpoint, with the demonstration app of members. */
export const authorizationChecks: readonly Check[] = [
  {
    id: 'authorization-request',
    title: 'A right authorization request leads to the sign-in',
    needsApp: true,
    async run(subject) {
      demandSignIn(subject, await subject.authorize());
    },
  },
  {
    id: 'authorization-request-by-post',
    title: 'A right authorization request by POST goes on as GET, with status 303',
    needsApp: true,
    async run(subject) {
      const parameters = Object.fromEntries(subject.authorizationParameters());
      const answer = await subject.form(subject.endpoints.authorization_endpoint, parameters);
      demandStatus(answer, 303);
      demandSignIn(subject, answer);
    },
  },
  {
    id: 'unregistered-redirect-uri',
    title: 'A redirect URI that is not registered gets a page, and no redirect',
    needsApp: true,
    async run(subject) {
      for (const redirect_uri of [`${subject.member.redirect_uri}/`, 'https://attacker.invalid/redirect']) {
        const answer = await subject.authorize({ redirect_uri });
        demandStatus(answer, 400);
        demand(answer.headers.location === undefined, `The browser is sent to ${answer.headers.location}.`);
      }
    },
  },
  refusal(
    'pkce-plain',
    'The code challenge method plain is refused, also by omission of the method',
    { code_challenge_method: undefined },
    'invalid_request',
  ),
  refusal(
    'pkce-required',
    'An app that requires PKCE gets no code without a challenge',
    { code_challenge: undefined, code_challenge_method: undefined },
    'invalid_request',
  ),
  refusal(
    'reduced-scope',
    'A scope that is not the plan’s is invalid_scope',
    { scope: 'openid' },
    'invalid_scope',
  ),
  refusal(
    'wrong-audience',
    'An aud that is another server gets no code',
    { aud: 'https://other.invalid/fhir' },
    'invalid_request',
    'invalid_target',
  ),
  refusal(
    'implicit-flow',
    'The response type token is refused',
    { response_type: 'token' },
    'unsupported_response_type',
  ),
];
