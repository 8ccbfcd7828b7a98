import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { fleschKincaid } from 'flesch-kincaid';
import { syllable } from 'syllable';
import { chooseLanguage } from './choose-language.js';
import { en, type TextKey } from './en.js';
import { languages, languageTags, Texts } from './texts.js';

const keys = Object.keys(en) as TextKey[];
const placeholders = (text: string) => (text.match(/\{\w+\}/g) ?? []).sort();

/** Source files that may use a text. */
const root = fileURLToPath(new URL('../../../../', import.meta.url));
const sources = ['libs/ui/src', 'apps/consent/src', 'apps/auth-server/src']
  .flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((name) =>
      join(root, folder, name),
    ),
  )
  .filter(
    (name) => /\.tsx?$/.test(name) && !/\.spec\.tsx?$/.test(name) && !/\/texts\/(mails\/)?..\.ts$/.test(name),
  )
  .map((name) => readFileSync(name, 'utf8'))
  .join('\n');

/** Whether a source contains the key or builds it: `kind.${…}` uses every key that begins with `kind.`. */
function isUsed(key: string): boolean {
  const counted = key.replace(/\.(one|other)$/, '');
  if ([key, counted].some((name) => sources.includes(`'${name}'`))) return true;
  // A component may receive the beginning of a key, as in `t(`${key}.when`)`.
  const base = key.replace(/\.(when|data)$/, '');
  if (
    base !== key &&
    sources.includes(`'${base}'`) &&
    sources.includes(`\`\${key}${key.slice(base.length)}\``)
  )
    return true;
  const parts = key.split('.');
  return parts.some((_, index) => index > 0 && sources.includes(`\`${parts.slice(0, index).join('.')}.\${`));
}

describe('the texts that members read', () => {
  it.each(languageTags)('have every key in %s, none empty, with the same values to fill in', (language) => {
    const texts = languages[language] as Record<string, string>;
    expect(Object.keys(texts).sort()).toEqual([...keys].sort());
    for (const key of keys) {
      expect([key, texts[key]?.trim()]).not.toEqual([key, '']);
      expect([key, placeholders(texts[key] ?? '')]).toEqual([key, placeholders(en[key])]);
    }
  });

  it('differ between the languages, but for words that are the same', () => {
    const same = keys.filter((key) => en[key] === languages.es[key] && !/^\W*(\{\w+\}\W*)+$/.test(en[key]));
    expect(same).toEqual([]);
  });

  it('are all used', () => {
    expect(keys.filter((key) => !isUsed(key))).toEqual([]);
    expect(isUsed('consent.nothing')).toBe(false);
  });

  /** Counts a value as one short word, and skips headings and labels of few words. */
  const sentencesOf = (text: string) =>
    text
      .replace(/\{\w+\}|https:\S+/g, 'Health')
      .split(/(?<=[.?!:])\s+/)
      .map((sentence) => ({ sentence, words: sentence.split(/[\s/]+/).filter((word) => /\w/.test(word)) }))
      .filter(({ words }) => words.length >= 5);

  const gradeOf = (sentences: { words: string[] }[]) => {
    const words = sentences.flatMap((each) => each.words);
    return fleschKincaid({
      sentence: sentences.length,
      word: words.length,
      syllable: words.reduce((sum, word) => sum + syllable(word), 0),
    });
  };

  it('have a reading grade of eight or lower, sentence by sentence (Flesch-Kincaid)', () => {
    const hard = keys.flatMap((key) =>
      sentencesOf(en[key])
        .filter((each) => gradeOf([each]) > 8)
        .map((each) => `${key}: ${gradeOf([each]).toFixed(1)} ${each.sentence}`),
    );
    expect(hard).toEqual([]);
    const bureaucratic =
      'Authorization facilitates unrestricted dissemination of confidential documentation.';
    expect(gradeOf(sentencesOf(bureaucratic))).toBeGreaterThan(8);
  });
});

describe('the language of a page', () => {
  it.each([
    [{}, 'en'],
    [{ acceptLanguage: '*' }, 'en'],
    [{ acceptLanguage: 'fr, de;q=0.8' }, 'en'],
    [{ acceptLanguage: 'es-MX,es;q=0.9,en;q=0.8' }, 'es'],
    [{ acceptLanguage: 'en;q=0.5, es;q=0.9' }, 'es'],
    [{ acceptLanguage: 'es;q=0, en' }, 'en'],
    [{ uiLocales: 'fr-CA es-419 en', acceptLanguage: 'en' }, 'es'],
    [{ uiLocales: 'fr', acceptLanguage: 'es' }, 'es'],
    [{ uiLocales: ['es'], acceptLanguage: 'en' }, 'en'],
    [{ chosen: 'en', uiLocales: 'es', acceptLanguage: 'es' }, 'en'],
    [{ chosen: 'xx', uiLocales: 'es' }, 'es'],
    [{ chosen: 'constructor', acceptLanguage: 'en' }, 'en'],
  ])('for %j is %s', (wishes, language) => {
    expect(chooseLanguage(wishes)).toBe(language);
  });

  it('decides how dates, numbers and counts are written, in the time zone of the plan', () => {
    const at = new Date('2027-02-26T19:02:00Z');
    const english = new Texts('en', 'America/New_York');
    const spanish = new Texts('es', 'America/Los_Angeles');
    expect(english.dateAndTime(at)).toMatch(/^February 26, 2027, 2:02\sPM EST$/);
    expect(spanish.dateAndTime(at)).toMatch(/^26 de febrero de 2027, 11:02\sa\.\s?m\.\sPST$/);
    expect(english.count('consent.days.day', 1)).toBe('One day');
    expect(spanish.count('consent.days.day', 1000)).toBe('1,000 días');
  });
});
