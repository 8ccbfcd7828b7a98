import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { ServiceIdentity } from '@payer/service';
import type { ServiceName } from '@payer/smart';
import { eventually } from '@payer/testing';
import { SMTPServer } from 'smtp-server';
import { DataSource } from 'typeorm';
import { readConfig } from '../config.js';
import { startPortal, Visitor, type TestPortal } from '../testing/portal.js';
import { Mailer } from './mailer.js';

interface Delivered {
  recipients: string[];
  message: string;
}

describe('the SMTP server', () => {
  const refusal = (SMTP_URL: string, NODE_ENV = 'production') => {
    try {
      readConfig({ NODE_ENV, SMTP_URL });
    } catch (error) {
      return (error as Error).message;
    }
    return '';
  };

  it('is reached by TLS in production, and no message shows its password', () => {
    for (const url of ['smtp://u:sesame@mail.example:587', 'smtp://u:sesame@mail.example?requireTLS=false']) {
      expect(refusal(url)).toMatch(/SMTP_URL is an smtp: URL/);
      expect(refusal(url)).not.toContain('sesame');
      expect(refusal(url, 'test')).toBe('');
    }
    for (const url of ['smtps://u:p@mail.example:465', 'smtp://u:p@mail.example:587?requireTLS=true'])
      expect(refusal(url)).not.toContain('SMTP_URL');
    expect(refusal('smtp')).toContain('must be an smtp: or smtps: URL');
  });
});

describe('mails by SMTP', () => {
  const delivered: Delivered[] = [];
  let isRefusing = false;
  const smtp = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData(stream, session, done) {
      let message = '';
      stream.setEncoding('utf8');
      stream.on('data', (part: string) => (message += part));
      stream.on('end', () => {
        if (isRefusing) return done(Object.assign(new Error('try later'), { responseCode: 451 }));
        delivered.push({ recipients: session.envelope.rcptTo.map(({ address }) => address), message });
        done();
      });
    },
  });
  let portal: TestPortal;
  let source: DataSource;
  let mailer: Mailer;
  beforeAll(async () => {
    smtp.listen(0, '127.0.0.1');
    await once(smtp.server, 'listening');
    const { port } = smtp.server.address() as AddressInfo;
    const SMTP_URL = `smtp://127.0.0.1:${port}?ignoreTLS=true`;
    portal = await startPortal({ SMTP_URL, MAIL_FROM: 'portal@plan.example' });
    source = await new DataSource({ type: 'postgres', url: portal.config.DATABASE_URL }).initialize();
    mailer = new Mailer(source, portal.config);
  });
  afterAll(async () => {
    await source?.destroy();
    await portal?.stop();
    await new Promise<void>((resolve) => smtp.close(resolve));
  });
  afterEach(() => {
    isRefusing = false;
    delivered.length = 0;
  });
  const send = (to: string, subject = 'Hello') =>
    mailer.send(source, { to, subject, text: 'A text', links: [] });

  it('delivers the link of a sign-up once', async () => {
    const person = { name: 'Ada', organization: 'Apps Inc', email: 'ada@apps.example' };
    const visitor = new Visitor(portal.service.url);
    await visitor.json('POST', '/api/developers', { ...person, password: 'a-long-password' });
    const { message, recipients } = await eventually(() => delivered[0]);
    expect(recipients).toEqual(['ada@apps.example']);
    expect(message).toMatch(/^From: .*<portal@plan\.example>/m);
    // The message is encoded as quoted-printable (RFC 2045 §6.7).
    expect(message.replace(/=\r?\n/g, '')).toContain('/confirm-email?token=3D');
    await eventually(async () => {
      const [{ count }] = await source.query(
        'SELECT count(*)::integer AS count FROM mail WHERE next_attempt_at IS NOT NULL',
      );
      return count === 0;
    });
    expect(delivered).toHaveLength(1);
  });

  it('tries again when the server refuses for a while', async () => {
    isRefusing = true;
    await send('later@apps.example');
    await eventually(async () => {
      const [mail] = await source.query(
        "SELECT next_attempt_at < now() + interval '1 minute' AS is_planned, attempts FROM mail WHERE recipient = 'later@apps.example'",
      );
      // A mail that is being sent is leased for five minutes; the first retry comes after ten seconds.
      return mail.attempts === 1 && mail.is_planned === true;
    });
    expect(delivered).toHaveLength(0);
    isRefusing = false;
    await source.query("UPDATE mail SET next_attempt_at = now() WHERE recipient = 'later@apps.example'");
    const { recipients } = await eventually(() => delivered[0]);
    expect(recipients).toEqual(['later@apps.example']);
  });

  it('delivers a mail to a member once, and takes it from auth-server only', async () => {
    const mail = {
      id: randomUUID(),
      to: 'member@members.example.org',
      subject: 'An app can see your records',
      text: 'A text',
      links: ['https://apps.example/'],
    };
    const hand = async (caller: ServiceName | undefined, body: object = mail) => {
      const identity = caller && ServiceIdentity.of(caller, portal.config);
      const authorization = await identity?.authorizationFor('registration');
      const { status } = await fetch(`${portal.service.url}/internal/mails`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...(authorization ? { authorization } : {}) },
        body: JSON.stringify(body),
      });
      return status;
    };
    expect([await hand(undefined), await hand('consent'), await hand('fhir-api')]).toEqual([401, 403, 403]);
    expect(await hand('auth-server', { ...mail, to: 'a@x.example, b@x.example' })).toBe(400);
    expect([await hand('auth-server'), await hand('auth-server')]).toEqual([200, 200]);
    await send('after@apps.example');
    await eventually(() => delivered.some(({ recipients }) => recipients.includes('after@apps.example')));
    expect(delivered.filter(({ recipients }) => recipients.includes(mail.to))).toHaveLength(1);
  });

  it.each([
    ['a subject with a line break', 'victim@apps.example', 'Hello\r\nBcc: stranger@evil.example\r\n\r\nBody'],
    ['a subject with a separator', 'victim@apps.example', 'Hello\u2028Bcc: stranger@evil.example'],
  ])('adds no header field for %s', async (_name, to, subject) => {
    await send(to, subject);
    const { message, recipients } = await eventually(() => delivered[0]);
    expect(recipients).toEqual([to]);
    expect(message).not.toMatch(/^bcc:/im);
    expect(message).toMatch(/^Subject: Hello Bcc/m);
  });

  it.each([
    'one@apps.example, two@evil.example',
    '"x" <one@evil.example>, two@evil.example',
    'one@apps.example\r\nRCPT TO:<two@evil.example>',
  ])('reaches no second recipient by the address %j', async (to) => {
    await send(to);
    await send('after@apps.example');
    await eventually(() => delivered.some(({ recipients }) => recipients.includes('after@apps.example')));
    for (const { recipients } of delivered) expect(recipients).not.toContain('two@evil.example');
    expect(delivered.every(({ recipients }) => recipients.length === 1)).toBe(true);
  });
});
