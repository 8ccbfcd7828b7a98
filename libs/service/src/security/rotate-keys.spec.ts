import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AddRecovery1764260000000, CreateFactFeed1764200000000 } from '@payer/events';
import { eventually, startTestPostgres, type TestPostgres } from '@payer/testing';
import { exportJWK, generateKeyPair, jwtVerify, SignJWT, type CryptoKey, type JWK } from 'jose';
import { DataSource } from 'typeorm';
import {
  AddKeyPublishedAt1764300000000,
  CreateSigningKeys1764000000001,
  KeyRing,
  migrate,
  remoteKeys,
  rotateKeys,
  rotationStatus,
  Sealer,
  TooEarly,
  type RotationStep,
} from '../index.js';

const sealer = new Sealer('the key of this test');
const minutes = 60_000;

describe('replacing signing keys', () => {
  let postgres: TestPostgres;
  let source: DataSource;
  let purpose: string;

  beforeAll(async () => {
    postgres = await startTestPostgres();
    const url = await postgres.database('keys');
    const migrations = [
      CreateSigningKeys1764000000001,
      CreateFactFeed1764200000000,
      AddRecovery1764260000000,
      AddKeyPublishedAt1764300000000,
    ];
    await migrate({ url, migrations });
    source = await new DataSource({ type: 'postgres', url }).initialize();
  });
  afterAll(async () => {
    await source?.destroy();
    await postgres?.stop();
  });
  beforeEach(() => {
    purpose = randomUUID();
  });

  const rotated = () => ({ purpose, messageLifetime: 3599, messages: 'access tokens' });
  const open = (keysMaxAge?: number) => KeyRing.open(source, sealer, [purpose], keysMaxAge);
  const kidsOf = (ring: KeyRing) => ring.of(purpose).map(({ kid }) => kid);
  /** @param later milliseconds from now */
  const rotate = (step: RotationStep, later = 0, now = false) =>
    rotateKeys(source, sealer, [rotated()], step, { clock: Date.now() + later, now });

  it('a step is refused until it breaks nothing, says when it may be taken, and changes nothing', async () => {
    const ring = await open();
    const [first] = kidsOf(ring);
    const refused = async (step: RotationStep, later: number, why: RegExp) => {
      const before = await source.query('SELECT * FROM signing_key ORDER BY kid');
      const error = await rotate(step, later).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(TooEarly);
      expect((error as Error).message).toMatch(why);
      expect(await source.query('SELECT * FROM signing_key ORDER BY kid')).toEqual(before);
    };
    await refused('use', 0, /add one first/);
    await refused('drop', 0, /no older key/);
    await refused('replace', 0, /--now/);
    await rotate('add');
    await refused('add', 0, /added already; use it from \d{4}-/);
    await refused('use', 10 * minutes, /too early.*use it from \d{4}-\d\d-\d\dT[\d:]+Z/);
    await refused('drop', 24 * 60 * minutes, /no older key/);
    expect(await rotationStatus(source, [rotated()])).toEqual([expect.stringMatching(/Next: use from/)]);
    await rotate('use', 11.5 * minutes);
    await refused('drop', 60 * minutes, /too early.*up to 60 minutes/);
    expect(await rotationStatus(source, [rotated()])).toEqual([expect.stringMatching(/Next: drop from/)]);
    await ring.refresh();
    expect(kidsOf(ring)).toHaveLength(2);
    expect(kidsOf(ring)[1]).toBe(first);
    await rotate('drop', 62 * minutes);
    await ring.refresh();
    expect(kidsOf(ring)).not.toContain(first);
    expect(await rotationStatus(source, [rotated()])).toEqual([expect.stringMatching(/Next: add/)]);
    ring.close();
  });

  it('one purpose that is too early keeps the others as they are', async () => {
    const other = randomUUID();
    const ring = await KeyRing.open(source, sealer, [purpose, other]);
    await rotate('add');
    const both = [{ ...rotated(), purpose: other }, rotated()];
    await expect(rotateKeys(source, sealer, both, 'add')).rejects.toThrow(TooEarly);
    await ring.refresh();
    expect(ring.of(other)).toHaveLength(1);
    ring.close();
  });

  it('with --now a leaked key is replaced at once, with a key that waited; the line says what that refuses', async () => {
    const ring = await open();
    await rotate('add');
    await ring.refresh();
    const leaked = kidsOf(ring);
    expect(leaked).toHaveLength(2);
    expect((await rotate('replace', 0, true)).at(-1)).toMatch(/All access tokens .* refused from now on/);
    await ring.refresh();
    expect(kidsOf(ring)).toHaveLength(1);
    expect(leaked).not.toContain(kidsOf(ring)[0]);
    ring.close();
  });

  it('running replicas follow by themselves, and keep their keys while the database is away', async () => {
    const [one, two] = [await open(80), await open(80)];
    let changes = 0;
    one.onChange(() => (changes += 1));
    expect(kidsOf(one)).toEqual(kidsOf(two));
    await rotate('replace', 0, true);
    const [kid] = await source.query('SELECT kid FROM signing_key WHERE purpose = $1', [purpose]);
    for (const ring of [one, two]) await eventually(() => kidsOf(ring)[0] === kid.kid);
    expect(changes).toBe(1);
    await source.query('ALTER TABLE signing_key RENAME TO signing_key_away');
    await expect(one.refresh()).rejects.toThrow();
    expect(kidsOf(one)).toEqual([kid.kid]);
    await source.query('ALTER TABLE signing_key_away RENAME TO signing_key');
    one.close();
    two.close();
  });
});

describe("another service's keys", () => {
  let server: Server;
  let fetches = 0;
  let isAway = false;
  const published: JWK[] = [];
  let url: string;

  beforeAll(async () => {
    server = createServer((_request, response) => {
      fetches += 1;
      response.writeHead(isAway ? 503 : 200).end(JSON.stringify({ keys: published }));
    });
    await new Promise<void>((resolve) => server.listen(0, resolve));
    url = `http://localhost:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  async function newKey(kid: string): Promise<(kid?: string) => Promise<string>> {
    const { privateKey, publicKey } = await generateKeyPair('RS256');
    published.push({ ...(await exportJWK(publicKey)), kid, alg: 'RS256', use: 'sig' });
    return (named = kid) => sign(privateKey, named);
  }
  const sign = (key: CryptoKey, kid: string) =>
    new SignJWT({}).setProtectedHeader({ alg: 'RS256', kid }).sign(key);

  it('a new key is known at once, a dropped one refused soon, and a flood of unknown ones costs few fetches', async () => {
    const first = await newKey('first');
    const keys = remoteKeys(url, { maxAge: 200, pause: 100 });
    const isAccepted = async (token: string) =>
      jwtVerify(token, keys).then(
        () => true,
        () => false,
      );
    expect(await isAccepted(await first())).toBe(true);
    const second = await newKey('second');
    await eventually(async () => isAccepted(await second()));
    const [before, beganAt] = [fetches, performance.now()];
    const flood = await Promise.all(Array.from({ length: 50 }, (_, n) => second(`unknown-${n}`)));
    expect(await Promise.all(flood.map(isAccepted))).not.toContain(true);
    const pauses = Math.ceil((performance.now() - beganAt) / 100);
    expect(fetches - before).toBeLessThanOrEqual(pauses + 1);
    published.shift();
    await eventually(async () => !(await isAccepted(await first())));
    expect(await isAccepted(await second())).toBe(true);
    isAway = true;
    await new Promise((resolve) => setTimeout(resolve, 250));
    expect(await isAccepted(await second())).toBe(true);
  });
});
