import type { TestReference } from './requirement.js';

/** Makes references to the tests of one file. */
const testsOf =
  (file: string) =>
  (name: string): TestReference => ({ file, name });

/** The files whose tests prove requirements. */
export const tests = {
  refusedRequests: testsOf('tools/journey/src/refused-requests.suite.ts'),
  system: testsOf('tools/journey/src/system.spec.ts'),
  authServer: testsOf('apps/auth-server/src/auth-server.spec.ts'),
  consentDecisions: testsOf('apps/auth-server/src/consent/consent-decisions.spec.ts'),
  revocation: testsOf('apps/auth-server/src/grants/revocation.spec.ts'),
  signIn: testsOf('apps/auth-server/src/sign-in/sign-in.spec.ts'),
  tokenEndpoint: testsOf('apps/auth-server/src/tokens/token-endpoint.spec.ts'),
  clientAssertions: testsOf('apps/auth-server/src/client-authentication/client-assertions.spec.ts'),
  authorization: testsOf('apps/auth-server/src/authorization/authorization-requests.spec.ts'),
  tokens: testsOf('apps/auth-server/src/tokens/token-requests.spec.ts'),
  refreshTokens: testsOf('apps/auth-server/src/tokens/refresh-tokens.spec.ts'),
  consentScreen: testsOf('apps/consent/src/consent-screen/consent-screen.spec.ts'),
  gateway: testsOf('apps/fhir-api/src/gateway/gateway.spec.ts'),
  senderConstraint: testsOf('apps/fhir-api/src/gateway/sender-constraint.spec.ts'),
  metadata: testsOf('apps/fhir-api/src/metadata/metadata.spec.ts'),
  guides: testsOf('apps/fhir-api/src/metadata/guides.spec.ts'),
  rest: testsOf('apps/fhir-api/src/rest/rest.spec.ts'),
  representation: testsOf('apps/fhir-api/src/rest/representation.spec.ts'),
  everyParameter: testsOf('libs/fhir-store/src/parameters/every-parameter.spec.ts'),
  kits: testsOf('tools/fhir-store/src/kits.spec.ts'),
  rules: testsOf('libs/smart/src/rules.spec.ts'),
};
