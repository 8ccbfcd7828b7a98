import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { Logger } from '@nestjs/common';
import { addressesFrom } from '@payer/service';
import { readConfig } from '../config.js';
import type { PlatformAnswer, PlatformHttp, PlatformRequest } from '../http/platform-http.js';
import { checks } from './checks/index.js';
import { Subject } from './checks/subject.js';
import { conformanceDocument } from './conformance-document.js';
import { isApplicable, type TestReference } from './standards/requirement.js';
import { runChecks } from './run-checks.js';
import { standards } from './standards/index.js';

const root = join(import.meta.dirname, '../../../..');
const requirements = standards.flatMap((standard) => standard.requirements);
const tested = requirements.filter(isApplicable);

/** Whether a file has a test with this name: as the first argument of `it`, or of `it.each(…)`. */
function hasTest({ file, name }: TestReference): boolean {
  const path = join(root, file);
  if (!existsSync(path)) return false;
  const source = readFileSync(path, 'utf8');
  return [`'${name.replaceAll("'", "\\'")}'`, `"${name}"`, `\`${name}\``].some((title) => {
    const at = source.indexOf(title);
    return at > 0 && /(\bit|\))\(\s*$/.test(source.slice(0, at));
  });
}

describe('the requirements', () => {
  it('name tests that exist', () => {
    const missing = tested.map(({ test }) => test).filter((test) => !hasTest(test));
    expect(missing).toEqual([]);
    expect(
      hasTest({ file: 'apps/registration/src/conformance/conformance.spec.ts', name: 'no such test' }),
    ).toBe(false);
    // A name in a comment or in an expectation is no test.
    const [first] = tested;
    expect(hasTest({ ...first!.test, name: 'code_verifier' })).toBe(false);
  });

  it('name live checks that exist, and each check belongs to a requirement', () => {
    const named = new Set(tested.flatMap((one) => one.checks ?? []));
    const known = new Set(checks.map(({ id }) => id));
    expect([...named].filter((id) => !known.has(id))).toEqual([]);
    expect([...known].filter((id) => !named.has(id))).toEqual([]);
    expect(known.size).toBe(checks.length);
  });

  it('are many of each standard, and each that does not apply has a reason', () => {
    for (const { slug, requirements: of } of standards)
      expect({ slug, isLong: of.length > 15 }).toEqual({ slug, isLong: true });
    for (const one of requirements)
      if (!isApplicable(one)) expect(one.notApplicable).toMatch(/^[A-Z].{20,}\.$/);
  });

  it('stand in docs/conformance.md: npm run conformance writes it again', () => {
    expect(readFileSync(join(root, 'docs/conformance.md'), 'utf8')).toBe(conformanceDocument());
  });
});

describe('a live check', () => {
  // Each failure without an answer is logged.
  beforeAll(() => Logger.overrideLogger(false));

  const addresses = addressesFrom(readConfig({ NODE_ENV: 'test' }));
  const app = {
    client_id: 'app',
    client_secret: 'secret',
    redirect_uri: 'http://portal.example/try-it/callback',
    scope: 'system/*.rs',
  };
  const resultsOf = (send: (request: PlatformRequest) => Promise<PlatformAnswer>) => {
    const subject = new Subject(
      { send } as PlatformHttp,
      addresses.sandbox,
      { member: app, directory: app },
      addresses.production.fhirBaseUrl,
    );
    return runChecks(checks, 'sandbox', subject, Date.now() + 60_000);
  };
  const answer = (status: number, body: object, headers: Record<string, string> = {}) => ({
    status,
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
    duration: 1,
  });
  const passedOf = (results: Awaited<ReturnType<typeof resultsOf>>) =>
    results.filter(({ passed }) => passed).map(({ check }) => check);

  it('fails against a server that says yes to everything', async () => {
    const bundle = { resourceType: 'Bundle', type: 'searchset', access_token: 'e30.e30.e30', active: true };
    const kind = await resultsOf((request) =>
      Promise.resolve(answer(200, /token$/.test(request.url) ? bundle : { resourceType: 'Patient' })),
    );
    // An unknown token is to be answered with 200 at the revocation endpoint.
    expect(passedOf(kind)).toEqual(['revocation-of-rubbish']);
  });

  it('fails against a server that refuses everything', async () => {
    for (const status of [400, 401, 404, 500]) {
      const outcome = { resourceType: 'OperationOutcome', error: 'server_error' };
      const results = await resultsOf(() => Promise.resolve(answer(status, outcome)));
      const right = { 400: ['unregistered-redirect-uri'] }[status] ?? [];
      expect({ status, passed: passedOf(results) }).toEqual({ status, passed: right });
    }
  });

  it('fails without naming an inner address when no answer comes', async () => {
    const results = await resultsOf(() => Promise.reject(new Error('connect ECONNREFUSED 10.0.0.7:4000')));
    expect(passedOf(results)).toEqual([]);
    expect(JSON.stringify(results)).not.toContain('10.0.0.7');
  });

  it('is not begun after the time of the run is over', async () => {
    let asked = 0;
    const http = { send: () => Promise.reject(new Error(String(++asked))) } as unknown as PlatformHttp;
    const results = await runChecks(checks, 'sandbox', new Subject(http, addresses.sandbox, undefined), 0);
    expect(results).toHaveLength(checks.length);
    expect({ asked, passed: passedOf(results) }).toEqual({ asked: 0, passed: [] });
  });
});
