import { describe, expect, it } from 'vitest';
import { browserInWords } from './browser-in-words.js';

const mozilla = 'Mozilla/5.0';
const webKit = 'AppleWebKit/537.36 (KHTML, like Gecko)';

describe('the browser of a session', () => {
  it.each([
    [`${mozilla} (X11; Linux x86_64) ${webKit} Chrome/156.0.0.0 Safari/537.36`, 'Chrome on Linux'],
    [
      `${mozilla} (Windows NT 10.0; Win64; x64) ${webKit} Chrome/156.0 Safari/537.36 Edg/156.0`,
      'Edge on Windows',
    ],
    [`${mozilla} (Windows NT 10.0; rv:140.0) Gecko/20100101 Firefox/140.0`, 'Firefox on Windows'],
    [
      `${mozilla} (iPhone; CPU iPhone OS 18_0 like Mac OS X) ${webKit} Version/18.0 Safari/604.1`,
      'Safari on iOS',
    ],
    [`${mozilla} (Linux; Android 16) ${webKit} Chrome/156.0 Mobile Safari/537.36`, 'Chrome on Android'],
    ['curl/8.14.1', 'curl/8.14.1'],
    ['', ''],
  ])('is named in words: %s', (agent, words) => {
    expect(browserInWords(agent)).toBe(words);
  });
});
