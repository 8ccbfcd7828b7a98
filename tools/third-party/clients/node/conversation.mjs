/**
 * How a client speaks with the test that starts it: the test plays the member's browser.
 *
 * The client writes one JSON object a line. For `{"authorize": URL}` the test signs the member in, says yes,
 * and answers with one line: the redirect URI with its query. The last object holds the results.
 */
import { createInterface } from 'node:readline';

const { ISSUER, FHIR_BASE, CLIENT_ID, CLIENT_SECRET, REDIRECT_URI, SCOPE, FLOW } = process.env;
export const test = {
  issuer: ISSUER,
  fhirBase: FHIR_BASE,
  clientId: CLIENT_ID,
  clientSecret: CLIENT_SECRET,
  redirectUri: REDIRECT_URI,
  scope: SCOPE,
  flow: FLOW,
};

/** Sends the member to the authorization endpoint. @returns the redirect URI with its query */
export async function authorize(url) {
  process.stdout.write(`${JSON.stringify({ authorize: String(url) })}\n`);
  const lines = createInterface({ input: process.stdin });
  for await (const line of lines) return line.trim();
  throw new Error('the test ended');
}

/** Milliseconds for a revocation to arrive on a busy machine. The platform promises 30 s at most. */
const patience = 5000;

/** Reads again until the answer is a refusal: the event of a revocation takes milliseconds. */
export async function whenRefused(read) {
  const begun = performance.now();
  for (;;) {
    const answer = await read();
    if (answer.status !== 200 || performance.now() - begun > patience) return answer;
  }
}

/** Reports the results: resources that were read, and the status of a read after the revocation. */
export function finish(results) {
  process.stdout.write(`${JSON.stringify(results)}\n`);
  process.exit(0);
}
