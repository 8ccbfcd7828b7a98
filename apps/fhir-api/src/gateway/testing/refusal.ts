import { expect } from 'vitest';
import type { HttpAnswer } from './http.js';

/** An error in the standard form: an OperationOutcome whose text the challenge repeats (RFC 6750 §3). */
export function expectRefusal(answer: HttpAnswer, status: number, error: string | undefined, text: RegExp) {
  expect(answer.json).toMatchObject({
    resourceType: 'OperationOutcome',
    issue: [{ severity: 'error', details: { text: expect.stringMatching(text) } }],
  });
  expect(answer.status).toBe(status);
  expect(answer.headers['content-type']).toContain('application/fhir+json');
  expect(answer.headers['cache-control']).toBe('no-store');
  if (error)
    expect(answer.headers['www-authenticate']).toMatch(
      new RegExp(`^Bearer error="${error}", error_description="[^"\\\\]+"`),
    );
}
