import type { Environment, LoadStatus } from '@payer/smart';

/** An answer of fhir-api: claims that are late, a directory in time, and one load. */
export const loadsOf = (environment: Environment): LoadStatus => ({
  environment,
  freshness: [
    {
      kind: 'claims',
      newest: '2026-03-02T08:00:00.000Z',
      declared: true,
      due_at: '2026-03-04T05:00:00.000Z',
      duty: 'one-business-day',
      rule: '42 CFR 422.119(b)(1)(i)',
      loaded_at: '2026-03-02T09:00:00.000Z',
    },
    {
      kind: 'directory',
      newest: new Date(Date.now() - 3.5 * 3_600_000).toISOString(),
      declared: false,
      due_at: new Date(Date.now() + 20 * 86_400_000).toISOString(),
      duty: 'thirty-days',
      rule: '42 CFR 422.120(b)(3)',
      loaded_at: '2026-03-02T09:00:00.000Z',
    },
  ],
  runs: [
    {
      id: 7,
      started_at: '2026-03-02T08:30:00.000Z',
      ended_at: '2026-03-02T09:00:00.000Z',
      complete: true,
      problem: null,
      files: [{ name: 'claims.ndjson', bytes: 10, sha256: 'ab'.repeat(32) }],
      counts: { read: 10, created: 8, updated: 0, unchanged: 0, deleted: 0, rejected: 2 },
      rejected_by_kind: { structure: 2 },
      by_type: { ExplanationOfBenefit: 8 },
      bare_codes: { 'http://www.ama-assn.org/go/cpt': 4 },
    },
  ],
});
