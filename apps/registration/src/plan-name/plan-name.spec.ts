import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  newApp,
  newDeveloper,
  startPortal,
  textOf,
  type TestPortal,
  type Visitor,
} from '../testing/portal.js';
import { looksLikePlan } from './plan-name.js';

const plan = 'Example Health Plan';

/** Names that a member reads as the plan's name. */
const alike = [
  'Example Health Plan',
  'EXAMPLE HEALTH PLAN',
  'My Example Health Plan app',
  'ExampleHealthPlan',
  'Example-Health_Plan!',
  'Exаmple Hеalth Plаn', // Cyrillic а and е
  'Εxample Ηealth Ρlan', // Greek capitals
  'ExampIe HeaIth PIan', // capital I for l
  'Examp1e Hea1th P1an',
  'Éxämplé Héàlth Plàñ',
  'Ｅｘａｍｐｌｅ Ｈｅａｌｔｈ Ｐｌａｎ', // full width
  '𝐄𝐱𝐚𝐦𝐩𝐥𝐞 𝐇𝐞𝐚𝐥𝐭𝐡 𝐏𝐥𝐚𝐧', // mathematical bold
  'Exarnple Health Plan', // rn for m
  '3xample H3alth Pl4n',
];

describe('the name of the plan', () => {
  it.each(alike)('is recognized in %s', (name) => {
    expect(looksLikePlan(name, plan)).toBe(true);
  });

  it.each(['Example Health', 'Health Plan', 'Kindly Claims', 'Plan your health', 'Пример', '計画', '!'])(
    'is not seen in %s',
    (name) => {
      expect(looksLikePlan(name, plan)).toBe(false);
    },
  );

  it('when short is looked for among whole words', () => {
    expect(looksLikePlan('Banana tracker', 'Ana')).toBe(false);
    expect(looksLikePlan('My Ana app', 'Ana')).toBe(true);
    expect(looksLikePlan('The Α.n.a. app', 'Ana')).toBe(true);
  });

  describe('at the portal', () => {
    let portal: TestPortal;
    let developer: Visitor;
    let id: string;
    beforeAll(async () => {
      portal = await startPortal();
      developer = await newDeveloper(portal.service.url);
      id = await newApp(developer);
    });
    afterAll(() => portal?.stop());
    const reason = 'must not be or look like the name of the health plan';
    const lookalike = 'Exаmple Hеalth Plаn';

    it('is refused as the name of a new app and of a changed one', async () => {
      const fields = { client_name: lookalike, redirect_uris: 'https://client-app.example/cb' };
      const created = await developer.post('/apps', { ...fields, plan: 'patient-access' });
      const edited = await developer.post(`/apps/${id}/settings`, fields);
      for (const answer of [created, edited]) {
        expect(answer.status).toBe(400);
        expect(textOf(answer)).toContain(`Name ${reason}`);
      }
    });

    it('is refused as the name of an organization', async () => {
      const person = { name: 'Eve', email: 'eve@client-app.example', password: 'a-long-password' };
      const answer = await developer.json('POST', '/api/developers', { ...person, organization: lookalike });
      expect(answer).toMatchObject({ status: 400, json: { errors: [{ field: 'organization' }] } });
    });

    it('is refused by dynamic registration in the form of RFC 7591', async () => {
      const email = 'dcr@client-app.example';
      const person = { name: 'Dora', organization: 'Apps Inc', email, password: 'a-long-password' };
      await developer.json('POST', '/api/developers', person);
      const { token } = (await developer.json('POST', '/api/sessions', person)).json as { token: string };
      const metadata = { client_name: lookalike, redirect_uris: ['https://client-app.example/cb'] };
      const answer = await developer.json('POST', '/register', metadata, token);
      expect(answer.status).toBe(400);
      expect(answer.json.error).toBe('invalid_client_metadata');
    });
  });
});
