import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectationsOf } from '../testing/expectations.js';
import { directory, member, TestStore } from '../testing/store.js';
import { unusualResources } from '../testing/unusual-resources.js';

/* Easily answered wrongly: values that are written unusually, and values that are asked for unusually. */

const store = new TestStore();
const anna = member('anna');
const { finds, refuses } = expectationsOf(store);

beforeAll(async () => {
  // Far more than is served: statements have to bear it.
  await store.start({ maxSearchCost: 100_000 });
  await store.put(unusualResources);
});
afterAll(() => store.stop());

describe('separators within values are escaped', () => {
  finds(anna, [
    ['Patient?identifier=A\\,1\\|2\\$3\\\\4', ['anna']],
    ['Patient?identifier=https://plan.example/ids|A\\,1\\|2\\$3\\\\4', ['anna']],
    ['Patient?identifier=A,1', []],
    ['Patient?identifier=none,https://plan.example/ids|Mixed-Case', ['anna']],
    ['Condition?asserter:identifier=https://npi\\|x|12\\|34', ['referred']],
    ['Condition?asserter:identifier=https://npi\\|x|', ['referred']],
  ]);
  refuses(anna, [
    ['Patient?identifier=a|b|c', 'a | within a code as \\|'],
    ['Patient?identifier=|', 'system|code'],
  ]);
});

describe('case counts where the code system is certain, and not in doubt', () => {
  finds(anna, [
    ['Patient?identifier=mixed-case', ['anna']],
    ['Patient?identifier=https://plan.example/ids|MIXED-CASE', ['anna']],
    ['Patient?identifier=HTTPS://plan.example/ids|mixed-case', []],
    ['Patient?identifier:of-type=http://t|mb|mixed-case', ['anna']],
    ['Patient?identifier:ofType=http://t|MB|Mixed-Case', ['anna']],
    ['Patient?identifier=|BARE', ['anna']],
    ['Patient?_tag=vip', ['anna']],
    ['Patient?_security=http://terminology.hl7.org/CodeSystem/v3-Confidentiality|R', ['anna']],
    ['Patient?gender=female', ['anna']],
    ['Patient?gender=Female', []],
    ['Patient?active=true', ['anna']],
    ['Patient?_id=ANNA', []],
    ['Condition?clinical-status=Active', ['referred']],
  ]);
});

describe(':not, :missing and :text', () => {
  finds(anna, [
    ['Patient?gender:not=male', ['anna']],
    ['Patient?gender:not=male,female', []],
    ['Patient?_id:not=anna', []],
    ['Patient?_id:not=bert', ['anna']],
    ['Condition?severity:not=none', ['referred']],
    ['Condition?code:missing=true', ['referred']],
    ['Condition?asserter:missing=false', ['referred']],
    ['Condition?asserter:missing=true', []],
    ['Patient?identifier:text=member', ['anna']],
    ['Patient?identifier:text=number', []],
    ['Patient?_tag:missing=true', []],
    ['Observation?value-quantity:missing=false&date:missing=false', []],
  ]);
  refuses(anna, [
    ['Patient?gender:missing=yes', 'true or false'],
    ['Patient?gender:missing=true,false', 'true or false'],
    ['Patient?gender:exact=female', ':not, :text, :of-type, :missing'],
    ['Patient?gender:not:missing=true', 'is not a modifier'],
    ['Patient?_id:text=a', ':not, :missing'],
    ['Patient?_id:of-type=a|b|c', ':not, :missing'],
    ['Patient?_lastUpdated:exact=2020', 'allowed are :missing'],
    ['Patient?birthdate:not=2020', 'allowed are :missing'],
    ['Condition?code:in=http://x', 'terminology server'],
    ['Condition?code:not-in=http://x', 'terminology server'],
    ['Condition?code:above=http://x', 'terminology server'],
    ['Condition?code:below=http://x', 'terminology server'],
    ['Observation?code-value-quantity:missing=true', 'it takes none'],
    ['Condition?subject:Practitioner=x', ':Patient'],
    ['Condition?subject:Patient=Practitioner/x', 'different types'],
    ['Patient?_count:exact=3', 'takes no modifier'],
    ['Patient?_sort:desc=name', 'takes no modifier'],
    ['Patient?_include:recursive=Patient:link', ':iterate'],
  ]);
});

describe('strings', () => {
  finds(anna, [
    ['Patient?family=obrien', ['anna']],
    ['Patient?family=O’Brien', ['anna']],
    ['Patient?family=carreno', ['anna']],
    ['Patient?family=quinones', ['anna']],
    ['Patient?family=brien', []],
    ['Patient?name=jr', ['anna']],
    ['Patient?family=carreno quinones', ['anna']],
    ['Patient?family:contains=brien carr', ['anna']],
    ["Patient?family:exact=O'Brien Carreño-Quiñones", ['anna']],
    ['Patient?family:exact=OBrien Carreno-Quinones', []],
    ['Patient?family=,x', []],
    ['Patient?family=-', []],
    ['Patient?family:contains=.', []],
    ['Patient?family=%', []],
    ['Patient?family=o_brien', ['anna']],
    ['Patient?family:contains=n%c', []],
  ]);
  finds(directory, [
    ['Location?name=fiji', ['fiji-east', 'fiji-west']],
    ['Location?name=east', []],
    ['Location?name=-', ['nowhere']],
  ]);
});

describe('dates', () => {
  const dated = (query: string) => `Observation?category:text=dated&${query}`;
  finds(anna, [
    [dated('date=2026-05-10'), ['day']],
    [dated('date=2026-05-11'), ['instant', 'minute']],
    [dated('date=2026-05-10T23:30:00.250-05:00'), ['instant']],
    [dated('date=2026-05-11T04:30:00.250Z'), ['instant']],
    [dated('date=2026-05-11T04:30'), ['instant']],
    [dated('date=2026-05-11T12:15:00+02:00'), ['minute']],
    [dated('date=2026-05-12T00:15:00+14:00'), ['minute']],
    [dated('date=2026-05-10T23:30:00.250000000000-05:00'), ['instant']],
    // The + came unescaped.
    [dated('date=2026-05-11T12:15:00 02:00'), ['minute']],
    [dated('date=gt2026-05-10T12:00:00Z'), ['day', 'instant', 'minute', 'since', 'timing']],
    [dated('date=lt2026-05-10T12:00:00Z'), ['day', 'until']],
    [dated('date=ge2026-05-20'), ['since', 'timing']],
    // The range below the 20th does not reach into a period that begins with it.
    [dated('date=le2026-05-20'), ['day', 'instant', 'minute', 'until']],
    [dated('date=le2026-05-21'), ['day', 'instant', 'minute', 'since', 'until']],
    [dated('date=sa2026-05-19'), ['since', 'timing']],
    [dated('date=eb2026-05-02'), ['until']],
    [dated('date=eb2026-05-01'), []],
    // What is open has no end, not even the last day that can be written.
    [dated('date=ge9999-12-31'), ['since']],
    [dated('date=gt9999'), ['since']],
    [dated('date=lt0001'), ['until']],
    [dated('date=9999'), []],
    [dated('date=ne2026-05'), ['until', 'since', 'timing']],
    [dated('date=2026-06'), ['timing']],
    [dated('date=2026-06-02'), []],
    [dated('date=2026-05-10,2026-06'), ['day', 'timing']],
    // A Period that ends before it starts has no date, and so no date between its ends.
    ...['', 'ne', 'gt', 'lt', 'ge', 'le', 'sa', 'eb'].map((prefix): [string, string[]] => [
      `Observation?_id=inverted&date=${prefix}2026-07-15`,
      [],
    ]),
    ['Observation?_id=inverted&date:missing=false', ['inverted']],
    ['Observation?_id=inverted-value&value-date=2026', []],
    ['Observation?code-value-date=29463-7$lt2026-08', []],
    ['Observation?_id=leap-second&date=2016-12-31', ['leap-second']],
    ['Observation?_id=leap-second&date=2016-12-31T23:59', ['leap-second']],
    ['Observation?_id=leap-second&date=2016-12-31T23:59:60Z', ['leap-second']],
    ['Observation?_id=leap-second&date=eb2017', ['leap-second']],
    ['Observation?_id=leap-second&date=2017', []],
    ['Patient?birthdate=0099', ['anna']],
    ['Patient?birthdate=lt0100', ['anna']],
    ['Patient?birthdate=gt1950', []],
    ['Patient?_lastUpdated=gt2020-01-01&_lastUpdated=lt2199', ['anna']],
    ['Patient?_lastUpdated=lt2020-01-01,gt2020-01-01', ['anna']],
    ['Patient?_lastUpdated=le9999', ['anna']],
    ['Patient?_lastUpdated=ge0001-01-01T00:00:00+14:00', ['anna']],
    ['Patient?_lastUpdated=ap0001', []],
    ['Patient?_lastUpdated=ap9999', []],
  ]);
  refuses(anna, [
    ['Observation?date=2026-13', 'is not a date'],
    ['Observation?date=2026-1-1', 'is not a date'],
    ['Observation?date=2026-05-10T10', 'is not a date'],
    ['Observation?date=2026-05-10T25:00', 'is not a date'],
    ['Observation?date=2026-05-10T24:00', 'is not a date'],
    ['Observation?date=2026-05-10T10:60', 'is not a date'],
    ['Observation?date=2026-05-10T10:00:61', 'is not a date'],
    ['Observation?date=2026-05-10T10:00+14:01', 'is not a date'],
    ['Observation?date=2026-05-10T10:00-99:99', 'is not a date'],
    ['Observation?date=0000', 'is not a date'],
    ['Observation?_lastUpdated=0000-01-01', 'is not a date'],
    ['Observation?date=~2026', 'is not a date'],
    ['Observation?date=2026-05-10,x', 'is not a date'],
  ]);
});

describe('numbers and units', () => {
  const kg = 'http://unitsofmeasure.org|kg';
  finds(anna, [
    // 5.4 is 5.35 to 5.45, the first included, the last not.
    [`Observation?value-quantity=5.4|${kg}`, ['n-5.35', 'n-5.4']],
    [`Observation?value-quantity=5.40|${kg}`, ['n-5.4']],
    [`Observation?value-quantity=5.40e0|${kg}`, ['n-5.4']],
    [`Observation?value-quantity=54e-1|${kg}`, ['n-5.4']],
    [`Observation?value-quantity=ne5.4|${kg}`, ['n-5.45', 'n-minus']],
    [`Observation?value-quantity=gt5.4|${kg}`, ['n-5.45']],
    [`Observation?value-quantity=lt0|${kg}`, ['n-minus']],
    [`Observation?value-quantity=-2.5|${kg}`, ['n-minus']],
    [`Observation?value-quantity=-3|${kg}`, []],
    ['Observation?value-quantity=1e2', ['n-95', 'n-104.9']],
    ['Observation?value-quantity=ap100', ['above', 'at-least', 'n-95', 'n-104.9', 'n-105']],
    // Doubles do not distinguish numbers of 20 digits from their bounds.
    ['Observation?value-quantity=12345678901234567890.123456789012345678', ['n-digits']],
    ['Observation?value-quantity=ne12345678901234567890.123456789012345678||digits', []],
    ['Observation?value-quantity=95||[lb_av]', ['n-95']],
    ['Observation?value-quantity=95||pounds', ['n-95']],
    ['Observation?value-quantity=95|http://unitsofmeasure.org|pounds', []],
    ['Observation?value-quantity=105||kg', []],
    // Units are compared as they are written: pounds are not turned into kilograms.
    [`Observation?value-quantity=43|${kg}`, []],
    // A value with a comparator is an interval without an end.
    ['Observation?value-quantity=4||ng', ['just']],
    ['Observation?value-quantity=lt4||ng', ['at-most', 'below']],
    ['Observation?value-quantity=le4||ng', ['at-most', 'below', 'just']],
    ['Observation?value-quantity=eb4||ng', ['below']],
    ['Observation?value-quantity=gt4||ng', ['above', 'at-least']],
    ['Observation?value-quantity=sa4||ng', ['above']],
    ['Observation?value-quantity=gt100||ng', ['above', 'at-least']],
    ['Observation?value-quantity=lt-100||ng', ['at-most', 'below']],
    ['Observation?component-code-value-quantity=8480-6$gt100', ['parts']],
    ['Observation?component-code-value-quantity=8462-4$gt100', []],
    [
      'Observation?component-code-value-quantity=http://loinc.org|8462-4$80|http://unitsofmeasure.org|mm[Hg]',
      ['parts'],
    ],
    ['Observation?combo-code-value-quantity=8480-6$120,29463-7$105.0', ['parts', 'n-105']],
    ['Observation?code-value-quantity=8480-6$120', []],
  ]);
  refuses(anna, [
    ['Observation?value-quantity=5|kg', 'number||unit'],
    ['Observation?value-quantity=5|http://unitsofmeasure.org|', 'number||unit'],
    ['Observation?value-quantity=.5', 'is not a number'],
    ['Observation?value-quantity=xx5', 'is not a prefix'],
    ['Observation?code-value-quantity=a$b$c', 'two parts'],
    ['Observation?code-value-quantity=8480-6$', 'two parts'],
  ]);
});

describe('a Range', () => {
  finds(member('bert'), [
    ...['', 'ne', 'gt', 'lt', 'ge', 'le'].map((prefix): [string, string[]] => [
      `Condition?onset-age=${prefix}45`,
      [],
    ]),
    ['Condition?onset-age:missing=false', ['inverted-range']],
  ]);
});

describe('references and URIs', () => {
  finds(anna, [
    ['Condition?evidence-detail=anna', []],
    ['Condition?evidence-detail=https://elsewhere.example/fhir/Observation/anna', ['referred']],
    ['Condition?evidence-detail=Observation/anna', []],
    ['Condition?patient=https://fhir.example/interop/external/fhir/Patient/anna/_history/3', ['referred']],
    ['Condition?patient=anna,bert', ['referred']],
    ['Condition?patient=anna&patient=bert', []],
    ['Encounter?episode-of-care=long', ['visit']],
    ['Encounter?episode-of-care=EpisodeOfCare/long', ['visit']],
    ['Encounter?episode-of-care:EpisodeOfCare=long', ['visit']],
    ['QuestionnaireResponse?questionnaire=https://example.org/Questionnaire/q', ['answered']],
    ['QuestionnaireResponse?questionnaire=https://example.org/Questionnaire/q|2.1', ['answered']],
    ['QuestionnaireResponse?questionnaire=https://example.org/Questionnaire/q|2', []],
    ['Patient?_profile=https://example.org/profile', ['anna']],
    ['Patient?_profile=https://example.org/profile|1.0', ['anna']],
    ['Patient?_profile=https://example.org/profile|2.0', []],
    ['Patient?_profile=https://example.org/prof', []],
    ['Patient?_source=https://example.org/source', ['anna']],
    ['Patient?_source:below=https://example.org/', ['anna']],
    ['Patient?_source:above=https://example.org/source/1', ['anna']],
  ]);
});

it('composites may be asked for in thousands of values', async () => {
  const values = Array.from({ length: 10_000 }, (_, n) => `none-${n}$95`);
  const found = () => store.ids(`Observation?code-value-quantity=${values.join()}`, anna);
  expect(await found()).toEqual([]);
  values.push('http://loinc.org|29463-7$95');
  expect(await found()).toContain('n-95');
});

describe('near', () => {
  finds(directory, [
    ['Location?near=-17|180|30|km', ['fiji-east', 'fiji-west']],
    ['Location?near=-17|-179.95|20|km', ['fiji-east', 'fiji-west']],
    ['Location?near=-17|179.95|6|km', ['fiji-west']],
    ['Location?near=90|0|20|km', ['pole-0', 'pole-180']],
    ['Location?near=89.95|90|20|km', ['pole-0', 'pole-180']],
    ['Location?near=89.9|0|5|km', ['pole-0']],
    ['Location?near=-17|179.9|0', ['fiji-west']],
    ['Location?near=0|0', ['equator']],
    ['Location?near=0.3|0', ['equator']],
    ['Location?near=0.5|0', []],
    ['Location?near=0.5|0|60', ['equator']],
    ['Location?near=0|0|30000|km', ['fiji-east', 'fiji-west', 'pole-0', 'pole-180', 'equator']],
    ['Location?near=0|0|1|km,-17|180|30|km', ['equator', 'fiji-east', 'fiji-west']],
    ['Location?near:missing=true', ['nowhere']],
  ]);
  refuses(directory, [
    ['Location?near=91|0', 'latitude|longitude'],
    ['Location?near=0|181', 'latitude|longitude'],
    ['Location?near=0x10|0', 'latitude|longitude'],
    ['Location?near=0|0|-1|km', 'is not a distance'],
    ['Location?near=0|0|1|constructor', 'is not a unit'],
    [`Location?near=${Array(101).fill('0|0').join()}`, 'at most 100 places'],
  ]);
});
