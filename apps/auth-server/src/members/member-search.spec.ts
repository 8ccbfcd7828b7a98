import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { ServiceIdentity, signatureFor, type RunningService } from '@payer/service';
import { grantEndReasons, type ServiceName } from '@payer/smart';
import { startTestPostgres, type TestPostgres } from '@payer/testing';
import { languageTags, Texts } from '@payer/ui';
import { DataSource } from 'typeorm';
import { readConfig, type Config } from '../config.js';
import { noticeMail } from '../notices/notice-mail.js';
import { authServer } from '../service.js';
import { migrated } from '../testing/migrated.js';

describe('the member directory', () => {
  let postgres: TestPostgres;
  let config: Config;
  let service: RunningService;
  let source: DataSource;
  /** Mails that registration has taken. */
  const mails: Record<string, unknown>[] = [];
  let isRegistrationAway = false;
  const registration = createServer((request, response) => {
    // It answers the mails only, not the reads of its feed.
    if (request.method !== 'POST' || isRegistrationAway) return void response.writeHead(503).end();
    void text(request).then(async (asked) => {
      const { url: target = '', method = '', headers } = request;
      mails.push(JSON.parse(asked) as Record<string, unknown>);
      const exchange = { headers, method, target, asked, status: 200, answered: '{}' };
      const signer = ServiceIdentity.of('registration', { NODE_ENV: 'test' });
      response.writeHead(200, await signatureFor(signer, exchange)).end('{}');
    });
  });

  beforeAll(async () => {
    postgres = await startTestPostgres();
    await new Promise<void>((resolve) => registration.listen(0, resolve));
    config = readConfig({
      NODE_ENV: 'test',
      PORT: '0',
      LOG_LEVEL: 'silent',
      DATABASE_URL: await postgres.database('auth_server', migrated),
      EVENTS_DATABASE_URL: await postgres.database('events'),
      REGISTRATION_INTERNAL_URL: `http://localhost:${(registration.address() as AddressInfo).port}`,
      PLAN_CONTACT: '1-800-555-0100',
    });
    service = await authServer.start(config);
    source = await new DataSource({ type: 'postgres', url: config.DATABASE_URL }).initialize();
    await source.query(
      `INSERT INTO member (environment, sub, username, password_hash, patient, name) VALUES
       ('sandbox', 'sub-1', 'M-1', 'hash', 'patient-1', 'Maria Lindqvist'),
       ('sandbox', 'sub-2', 'M-2', 'hash', 'patient-1', 'Jonas Lindqvist'),
       ('production', 'sub-3', 'M-1', 'hash', 'patient-3', 'Ada Example')`,
    );
  });
  afterAll(async () => {
    await source?.destroy();
    await service?.close();
    registration.close();
    await postgres?.stop();
  });

  async function ask(path: string, caller: ServiceName = 'registration') {
    const authorization = await ServiceIdentity.of(caller, config).authorizationFor('auth-server');
    const answer = await fetch(`${service.url}/internal/${path}`, {
      headers: { authorization },
    });
    const shown = await answer.text();
    expect(shown).not.toMatch(/Lindqvist|Example|hash/);
    return { status: answer.status, members: (JSON.parse(shown) as { members?: { sub: string }[] }).members };
  }

  it('finds a member by member number, sub or patient id, in one environment, and gives ids only', async () => {
    const subs = async (path: string) => (await ask(path)).members?.map(({ sub }) => sub);
    expect((await ask('sandbox/members?identifier=M-1')).members).toEqual([
      { sub: 'sub-1', patient: 'patient-1', member_number: 'M-1' },
    ]);
    expect(await subs('sandbox/members?identifier=sub-2')).toEqual(['sub-2']);
    expect(await subs('sandbox/members?identifier=patient-1')).toEqual(['sub-1', 'sub-2']);
    expect(await subs('production/members?identifier=M-1')).toEqual(['sub-3']);
    expect(await subs('production/members?identifier=sub-1')).toEqual([]);
  });

  it('answers registration only, and no other question', async () => {
    expect((await fetch(`${service.url}/internal/sandbox/members?identifier=M-1`)).status).toBe(401);
    for (const other of ['consent', 'fhir-api'] as const)
      expect((await ask('sandbox/members?identifier=M-1', other)).status).toBe(403);
    for (const query of ['', '?identifier=', '?username=M-1'])
      expect((await ask(`sandbox/members${query}`)).status).toBe(400);
  });

  describe('adds the address to a notice', () => {
    const notice = {
      id: 'g1 created',
      kind: 'created',
      sub: 'sub-1',
      client_name: 'Health App',
      organization: 'Apps Inc',
      until: '2027-02-26T03:00:00.000Z',
      reason: null,
      is_ended_by_other: false,
      time_zone: 'America/New_York',
    };
    beforeAll(() =>
      source.query(
        `UPDATE member SET email = sub || '@members.example.org', language = CASE sub WHEN 'sub-2' THEN 'es' END
         WHERE sub IN ('sub-1', 'sub-2')`,
      ),
    );
    beforeEach(() => {
      mails.length = 0;
      isRegistrationAway = false;
    });
    async function hand(body: object, caller: ServiceName = 'consent', environment = 'sandbox') {
      const authorization = await ServiceIdentity.of(caller, config).authorizationFor('auth-server');
      const answer = await fetch(`${service.url}/${environment}/internal/notices`, {
        method: 'POST',
        headers: { authorization, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      const shown = await answer.text();
      expect(shown).not.toContain('@');
      return answer.status;
    }

    it('and the language, and hands registration one mail, however often it gets the notice', async () => {
      expect([await hand(notice), await hand(notice)]).toEqual([200, 200]);
      expect(mails[0]).toEqual(mails[1]);
      expect(mails[0]).toMatchObject({
        id: expect.stringMatching(/^[0-9a-f-]{36}$/),
        to: 'sub-1@members.example.org',
        subject: 'Health App can now see health records',
        links: ['http://localhost:4002/sandbox/'],
      });
      const body = String(mails[0]?.text);
      // The date is that of the plan's time zone.
      for (const part of [
        'February 25, 2027',
        'Apps Inc',
        '1-800-555-0100',
        'http://localhost:4002/sandbox/',
      ])
        expect(body).toContain(part);
      expect(body).not.toMatch(/Lindqvist|patient-1|sub-1|M-1/);
      await hand({ ...notice, id: 'g2 ended', kind: 'ended', sub: 'sub-2', reason: 'expired' });
      expect(mails[2]).toMatchObject({ subject: 'Health App ya no puede ver datos de salud' });
      expect(mails[2]?.id).not.toBe(mails[0]?.id);
      expect(mails[2]?.text).toContain('25 de febrero de 2027');
    });

    it('and sends none to a member without an address, of another environment or unknown', async () => {
      expect(await hand({ ...notice, sub: 'sub-3' }, 'consent', 'production')).toBe(200);
      expect(await hand(notice, 'consent', 'production')).toBe(200);
      expect(await hand({ ...notice, sub: 'nobody' })).toBe(200);
      expect(mails).toEqual([]);
    });

    it('for consent only, and answers 503 until registration takes the mail', async () => {
      for (const other of ['registration', 'fhir-api'] as const) expect(await hand(notice, other)).toBe(403);
      expect(await hand({ ...notice, kind: 'other' })).toBe(400);
      isRegistrationAway = true;
      expect(await hand(notice)).toBe(503);
      expect(mails).toEqual([]);
    });

    it.each(['created', 'ending', 'ended'] as const)(
      'writes the mail of kind %s in both languages',
      (kind) => {
        const plan = { name: 'Plan', contact: undefined, connectedApps: 'https://apps.example/' };
        for (const language of languageTags)
          for (const reason of [...grantEndReasons, null]) {
            const { subject, text: body } = noticeMail(
              { ...notice, kind, reason, is_ended_by_other: reason === 'app' },
              new Texts(language, 'America/New_York'),
              plan,
            );
            expect(`${subject} ${body}`).not.toMatch(/[{}]|undefined|null/);
          }
      },
    );
  });
});
