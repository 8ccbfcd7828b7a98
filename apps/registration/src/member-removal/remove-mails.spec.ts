import { randomUUID } from 'node:crypto';
import { ServiceIdentity } from '@payer/service';
import { DataSource } from 'typeorm';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startPortal, Visitor, type TestPortal } from '../testing/portal.js';
import { removeMails } from './remove-mails.js';

let portal: TestPortal;
let source: DataSource;
beforeAll(async () => {
  portal = await startPortal();
  source = await new DataSource({ type: 'postgres', url: portal.config.DATABASE_URL }).initialize();
});
afterAll(async () => {
  await source?.destroy();
  await portal?.stop();
});

it('deletes the notices to a member, and no mail of the portal to a developer with the same address', async () => {
  const visitor = new Visitor(portal.service.url);
  const email = 'ada@members.example.org';
  const developer = { name: 'Ada', organization: 'Apps Inc', email, password: 'correct horse battery' };
  expect((await visitor.json('POST', '/api/developers', developer)).status).toBe(201);
  const authorization = await ServiceIdentity.of('auth-server', portal.config)?.authorizationFor(
    'registration',
  );
  const notice = {
    id: randomUUID(),
    to: email,
    subject: 'An app can see your records',
    text: 'A text',
    links: [],
  };
  const { status } = await fetch(`${portal.service.url}/internal/mails`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(authorization ? { authorization } : {}) },
    body: JSON.stringify(notice),
  });
  expect(status).toBe(200);
  expect(await removeMails(source, [email.toUpperCase()])).toBe(1);
  const left = await source.query('SELECT subject FROM mail WHERE recipient = $1', [email]);
  expect(left).toEqual([{ subject: 'Confirm your email address' }]);
});
