import { afterAll, beforeAll, expect, it } from 'vitest';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { importMembers } from '../members/import.js';
import { appOf } from '../testing/apps.js';
import { AuthServerUnderTest } from '../testing/auth-server-under-test.js';
import { authorizePath } from '../testing/member-flows.js';

const system = new AuthServerUnderTest();
beforeAll(() => system.start());
afterAll(() => system.stop());

/** The birth date of somebody who becomes that many years old today, or in a number of days. */
function birthDate(years: number, days = 0): string {
  const birthday = new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
  return `${Number(birthday.slice(0, 4)) - years}${birthday.slice(4).replace('02-29', '02-28')}`;
}

const people = [
  { username: 'birthday', birth_date: birthDate(64), coverage_status: 'active', exercises: ['17 claims'] },
  { username: 'one', birth_date: birthDate(1), coverage_status: 'active', exercises: ['17 claims'] },
  { username: 'former', birth_date: birthDate(30), coverage_status: 'cancelled', exercises: ['9 claims'] },
  {
    ...{ username: 'dead', birth_date: '1960-05-21', deceased_date: '2020-05-20' },
    ...{ coverage_status: 'active', exercises: ['20 claims'] },
  },
  { username: 'empty', birth_date: birthDate(27), coverage_status: 'active', exercises: ['no claims'] },
  { username: 'carer', exercises: ['no records', 'acts for Ida as carer'] },
].map((person) => ({
  ...person,
  password: 'password',
  patient: `patient-of-${person.username}`,
  name: 'Ada',
}));

function importLines(environment: 'sandbox' | 'production', lines: readonly unknown[]): Promise<number> {
  const file = join(mkdtempSync(join(tmpdir(), 'members-')), 'members.ndjson');
  writeFileSync(file, lines.map((line) => JSON.stringify(line)).join('\n'));
  return importMembers(system.config.DATABASE_URL, environment, file);
}

/** The words of the picker by username, without markup. */
async function cards(language: string): Promise<Map<string, string>> {
  const state = await system.register(appOf('patient-access'));
  const go = system.browser();
  const { location } = await go(authorizePath(state, { ui_locales: language }));
  const [, ...items] = (await go(location)).text.split('<ul class="picker">')[1]!.split('<li');
  return new Map(
    items.map((item) => {
      const words = item.replace(/^[^>]*>/, '').replace(/<[^>]+>/g, '|');
      return [/value="([^"]*)"/.exec(item)?.[1] ?? '', words.split('|').filter(Boolean).join(', ')];
    }),
  );
}

it('the picker shows age and coverage beside each name, in the language of the page', async () => {
  await importLines('sandbox', people);
  const english = await cards('en');
  expect(english.get('birthday')).toContain('Ada, 64 years old · covered, 17 claims');
  expect(english.get('one')).toContain('Ada, 1 year old · covered, 17 claims');
  expect(english.get('former')).toContain('Ada, 30 years old · coverage has ended, 9 claims');
  // The age is that of the day of death, a day before the birthday.
  expect(english.get('dead')).toContain('Ada, died at the age of 59, 20 claims');
  expect(english.get('carer')).toContain('Ada, no records · acts for Ida as carer');
  const spanish = await cards('es');
  expect(spanish.get('birthday')).toContain('Ada, 64 años · con cobertura, 17 claims');
  expect(spanish.get('dead')).toContain('Ada, murió con 59 años, 20 claims');
  // A member whose coverage or life has ended is a special case, and special cases come first.
  const order = [...english.keys()];
  for (const special of ['former', 'dead', 'empty', 'carer'])
    expect(order.indexOf(special)).toBeLessThan(order.indexOf('birthday'));
});

it('a member is not a year older before the birthday', async () => {
  const [first] = people;
  await importLines('sandbox', [{ ...first, birth_date: birthDate(64, 2) }]);
  expect((await cards('en')).get('birthday')).toContain('63 years old');
});

it('neither age nor coverage of a real member is stored', async () => {
  await importLines('production', people);
  const stored = (environment: string) =>
    system.source.query(
      `SELECT count(*)::int AS members, count(birth_date)::int AS ages, count(deceased_date)::int AS deaths,
              count(coverage_status)::int AS coverages FROM member WHERE environment = $1 AND name = 'Ada'`,
      [environment],
    );
  expect(await stored('production')).toEqual([{ members: 6, ages: 0, deaths: 0, coverages: 0 }]);
  expect(await stored('sandbox')).toEqual([{ members: 6, ages: 5, deaths: 1, coverages: 5 }]);
});

it('a wrong date or coverage is refused, with the field and without the value', async () => {
  const [first] = people;
  for (const wrong of [{ birth_date: '17.4.1962' }, { coverage_status: 'draft' }]) {
    const refused = importLines('sandbox', [{ ...first, ...wrong }]);
    await expect(refused).rejects.toThrow(new RegExp(`${Object.keys(wrong)[0]} Invalid`));
  }
});
