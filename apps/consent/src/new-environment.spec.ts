import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { migrate, type RunningService } from '@payer/service';
import { startTestPostgres, type TestPostgres } from '@payer/testing';
import { languages } from '@payer/ui';
import { readConfig } from './config.js';
import { databaseOptions } from './database/database-options.js';
import { educationPath } from './education/education-page.js';
import { consent } from './service.js';

/*
 * A new environment is a row of the table. Its members have a page of connected apps, and its API explains
 * errors.
 */

describe('a new environment', () => {
  let postgres: TestPostgres;
  let service: RunningService;
  beforeAll(async () => {
    postgres = await startTestPostgres();
    const config = readConfig({
      NODE_ENV: 'test',
      PORT: '0',
      LOG_LEVEL: 'silent',
      DATABASE_URL: await postgres.database('consent'),
      EVENTS_DATABASE_URL: await postgres.database('events'),
    });
    await migrate(databaseOptions(config.DATABASE_URL));
    service = await consent.start(config);
  });
  afterAll(async () => {
    await service?.close();
    await postgres?.stop();
  });

  const get = (path: string) =>
    fetch(`${service.url}${path}`, { redirect: 'manual', headers: { accept: 'text/html' } });

  it('sends its members to its own issuer for signing in', async () => {
    const answer = await get('/preview/');
    expect(answer.status).toBe(303);
    expect(answer.headers.get('location')).toContain('http://localhost:4000/preview/authorize');
    expect((await get('/preview/consent/begin?interaction=x')).headers.get('location')).toContain(
      '/preview/',
    );
  });

  it('has pages that say that their data is made up, because its row says so', async () => {
    const words = [
      `class="badge warn">${languages.en['shell.sandbox']}<`,
      languages.en['shell.footer.sandbox'],
    ];
    for (const [environment, isMadeUp] of [
      ['preview', true],
      ['production', false],
    ] as const) {
      const text = await (await get(`/${environment}/${educationPath}`)).text();
      for (const word of words) expect([environment, text.includes(word)]).toEqual([environment, isMadeUp]);
    }
  });

  it('has an API that answers programs, and one that the table does not have has nothing', async () => {
    const api = await get('/preview/api/grants');
    expect(api.status).toBe(401);
    expect(api.headers.get('content-type')).toContain('json');
    expect((await get('/staging/')).status).toBe(404);
  });
});
