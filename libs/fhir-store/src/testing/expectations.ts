import { expect, it } from 'vitest';
import type { Access } from '../access.js';
import type { TestStore } from './store.js';

/** Tables of searches against a store: the ids that each finds, or the text with which it is refused. */
export function expectationsOf(store: TestStore) {
  return {
    /** Values are encoded here. */
    finds(access: Access, rows: [string, string[]][]): void {
      it.each(rows)('%s', async (query, ids) => {
        const [type = '', parameters = ''] = query.split(/\?(.*)/s);
        const encoded = parameters
          .split('&')
          .map((part) => part.split(/=(.*)/s).map(encodeURIComponent).slice(0, 2).join('='))
          .join('&');
        expect((await store.ids(`${type}?${encoded}`, access)).sort()).toEqual([...ids].sort());
      });
    },

    refuses(access: Access, rows: [string, string][]): void {
      it.each(rows)('%s is refused', async (query, text) => {
        for (const handling of ['strict', 'lenient'] as const)
          await expect(store.search(query, access, handling)).rejects.toMatchObject({
            status: 400,
            message: expect.stringContaining(text),
          });
      });
    },
  };
}
