import { describe, expect, it } from 'vitest';
import { parseSearch } from './parse-search.js';
import { isQuick } from './route.js';

const search = (type: string, query: string) => parseSearch(type, [...new URLSearchParams(query)], 'strict');

describe('a connection that many short statements share', () => {
  it('has no page that may be large: the statements of others wait behind it', () => {
    for (const type of ['Observation', 'Practitioner']) {
      expect(isQuick(search(type, '_count=100'), 'scan')).toBe(true);
      expect(isQuick(search(type, '_count=101'), 'scan')).toBe(false);
    }
    const ofCode = search('PractitionerRole', 'specialty=a&_count=100');
    const list = { type: 'PractitionerRole', key: 1 };
    expect(isQuick(ofCode, { ...list, isExact: true })).toBe(true);
    // The page may be at the end of a long list of another system's codes.
    expect(isQuick(ofCode, { ...list, isExact: false })).toBe(false);
    expect(isQuick(ofCode, 'index')).toBe(false);
    expect(isQuick({ ...ofCode, count: 101 }, { ...list, isExact: true })).toBe(false);
    const far = 'near=42.25|-83.69|11|km';
    expect(isQuick(search('Location', far), 'planner')).toBe(true);
    expect(isQuick(search('Location', `${far}&_count=1000`), 'planner')).toBe(false);
  });
});
