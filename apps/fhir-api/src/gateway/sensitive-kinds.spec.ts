import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sensitiveKinds, sensitiveKindTable } from '@payer/smart';
import { loadResources } from './testing/members.js';
import { FhirApiSystem } from './testing/system.js';

const system = new FhirApiSystem();
const actCode = 'http://terminology.hl7.org/CodeSystem/v3-ActCode';

/** One code of each kind that no other kind has. */
const ownCode = {
  substanceUse: 'ETH',
  mentalHealth: 'PSY',
  hiv: 'HIV',
  reproductiveHealth: 'SEX',
} satisfies Record<keyof typeof sensitiveKindTable, string>;

const document = (id: string, code?: string) => ({
  resourceType: 'DocumentReference',
  id,
  ...(code ? { meta: { security: [{ system: actCode, code }] } } : {}),
  status: 'current',
  type: { coding: [{ system: 'http://loinc.org', code: '34133-9' }] },
  subject: { reference: 'Patient/one' },
  content: [{ attachment: { contentType: 'text/plain', url: `Binary/content-of-${id}` } }],
});
const content = (id: string) => ({
  resourceType: 'Binary',
  id: `content-of-${id}`,
  contentType: 'text/plain',
  data: Buffer.from(id).toString('base64'),
});

beforeAll(async () => {
  await system.start();
  await loadResources(system.config, [
    { resourceType: 'Patient', id: 'one' },
    document('plain'),
    content('plain'),
    ...sensitiveKinds.flatMap((kind) => [document(kind, ownCode[kind]), content(kind)]),
    document('behavioral', 'BH'),
  ]);
});
afterAll(() => system.stop());

const tokenWith = (sensitive?: unknown) =>
  system.issuer.patientToken('one', { claims: sensitive === undefined ? {} : { sensitive } });

async function idsBy(path: string, sensitive?: unknown): Promise<string[]> {
  const { status, json } = await system.request(path, { token: await tokenWith(sensitive) });
  expect(status).toBe(200);
  return (json.entry ?? []).map(({ resource }: { resource: { id: string } }) => resource.id).sort();
}

describe('sensitive kinds of data', () => {
  it.each([[undefined], [[]], [['unknown', '*', 'toString']]])(
    'are all withheld from a token whose claim is %j',
    async (claim) => {
      for (const path of ['/DocumentReference', '/DocumentReference/$docref'])
        expect(await idsBy(path, claim)).toEqual(['plain']);
    },
  );

  it.each(sensitiveKinds)('the token opens %s and no other kind', async (kind) => {
    expect(await idsBy('/DocumentReference', [kind])).toEqual([kind, 'plain'].sort());
    expect(await idsBy('/DocumentReference/$docref', [kind])).toEqual([kind, 'plain'].sort());
  });

  it('a label of several kinds needs all of them', async () => {
    expect(await idsBy('/DocumentReference', ['mentalHealth', 'substanceUse'])).toContain('behavioral');
    expect(await idsBy('/DocumentReference', sensitiveKinds)).toHaveLength(sensitiveKinds.length + 2);
  });

  it('a withheld resource is answered word for word as an absent one', async () => {
    const token = await tokenWith();
    const normal = (text: string, id: string) => text.replaceAll(id, 'ID');
    for (const path of ['DocumentReference/ID', 'DocumentReference/ID/_history/1', 'Binary/content-of-ID'])
      for (const method of ['GET', 'HEAD']) {
        const of = async (id: string) => {
          const answer = await system.request(`/${path.replace('ID', id)}`, { token, method });
          return [answer.status, normal(answer.body.toString(), id)];
        };
        expect(await of('hiv')).toEqual(await of('xyz'));
        expect((await of('hiv'))[0]).toBe(404);
      }
    for (const query of [
      '_id=ID',
      '_id=ID&_summary=count',
      '_id=ID&_total=accurate',
      '_id:not=ID&_count=0',
    ]) {
      const of = async (id: string) => {
        const answer = await system.request(`/DocumentReference?${query.replace('ID', id)}`, { token });
        return normal(answer.body.toString(), id);
      };
      expect(await of('hiv')).toEqual(await of('xyz'));
    }
  });

  it('the content of a withheld document is withheld, and that of another is not', async () => {
    const status = async (id: string, sensitive?: string[]) =>
      (await system.request(`/Binary/content-of-${id}`, { token: await tokenWith(sensitive) })).status;
    expect(await status('plain')).toBe(200);
    expect(await status('hiv')).toBe(404);
    expect(await status('hiv', ['hiv'])).toBe(200);
  });

  it('a page link of a token that sees more is refused', async () => {
    const { json } = await system.request('/DocumentReference?_count=1', {
      token: await tokenWith(sensitiveKinds),
    });
    const next = new URL(json.link.find(({ relation }: { relation: string }) => relation === 'next').url);
    const follow = async (sensitive?: string[]) =>
      (await system.request(`/DocumentReference${next.search}`, { token: await tokenWith(sensitive) }))
        .status;
    expect(await follow(sensitiveKinds)).toBe(200);
    expect(await follow()).toBe(400);
  });

  it('a claim of another shape is refused', async () => {
    const answer = await system.request('/DocumentReference', { token: await tokenWith('hiv') });
    expect(answer.status).toBe(401);
  });
});
