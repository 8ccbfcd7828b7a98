import { describe, expect, it } from 'vitest';
import { environments, requestRecord as contract } from '@payer/smart';
import { errorAnswer } from './error-answer.js';
import { requestRecord, type AnsweredRequest } from './request-record.js';

const secrets = /ffaa7043|Lindqvist|1962|abc-member/;
const refused = errorAnswer(400, 'invalid', 'birthdate: 1962-13 of Lindqvist is no date');

const requests: Omit<AnsweredRequest, 'environment'>[] = [
  {
    interaction: { kind: 'read', type: 'Patient', id: 'ffaa7043', version: 'abc-member' },
    path: '/Patient/ffaa7043/_history/abc-member',
    answer: { status: 200, headers: {}, body: '{"name":"Lindqvist"}' },
    method: 'GET',
    requestId: 'r',
    duration: 1.4,
  },
  {
    interaction: { kind: 'search', type: 'Patient', parametersIn: 'query' },
    path: '/Patient?name=Lindqvist&birthdate=1962-13',
    answer: refused,
    method: 'GET',
    requestId: 'r',
    duration: 1,
  },
];

describe('the record of a request', () => {
  it('keeps its contract, and says nothing about a member outside the sandbox', () => {
    for (const environment of environments)
      for (const request of requests) {
        const record = contract.parse(requestRecord({ ...request, environment }));
        if (environment === 'sandbox') expect(record.path).toBe(request.path);
        else expect(JSON.stringify(record)).not.toMatch(secrets);
      }
  });

  it('says why a request was refused, and nothing for one that was served', () => {
    const [served, wrong] = requests.map((request) => requestRecord({ ...request, environment: 'sandbox' }));
    expect(served).toMatchObject({ status: 200, error: null, detail: null, duration_ms: 1 });
    expect(wrong).toMatchObject({
      status: 400,
      error: 'invalid',
      detail: expect.stringContaining('is no date'),
    });
    const inProduction = requestRecord({ ...requests[1]!, environment: 'production' });
    expect(inProduction).toMatchObject({ error: 'invalid', detail: null, path: '/Patient' });
  });

  it('is short, whatever the request is', () => {
    const long = 'x'.repeat(100_000);
    const record = requestRecord({
      ...requests[1]!,
      environment: 'sandbox',
      path: `/Patient?name=${long}`,
      answer: errorAnswer(400, 'invalid', long),
      requestId: long,
    });
    expect(JSON.stringify(record).length).toBeLessThan(2000);
  });
});
