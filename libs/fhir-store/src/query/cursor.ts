import { createHmac, timingSafeEqual } from 'node:crypto';
import { accessKey, type Access } from '../access.js';
import { FhirError } from '../fhir-error.js';

/** The end of a page: the sort values and the id of its last row. */
export interface Cursor {
  keys: string[];
  id: string;
}

/**
 * Parameters of the representation (FHIR R4 §3.1.0.1.8). They do not change which resources a page has, and
 * clients append them to any link.
 */
export const aboutRepresentation: readonly string[] = ['_format', '_pretty'];

/**
 * The request that a cursor belongs to, as text.
 * @param what the type, or the path of the operation
 * @param used the parameters of the request without the cursor
 */
export const boundText = (
  what: string,
  access: Access,
  used: readonly (readonly [name: string, value: string])[],
): string =>
  JSON.stringify([what, accessKey(access), used.filter(([name]) => !aboutRepresentation.includes(name))]);

/**
 * Writes and reads the opaque part of `next` links. It is authenticated together with the environment, the
 * access and the query, so it works only for the next page of the same search with the same access.
 */
export class Cursors {
  constructor(
    private readonly key: string,
    private readonly environment: string,
  ) {}

  /** @param bound access and query, as text */
  write(cursor: Cursor, bound: string): string {
    const payload = Buffer.from(JSON.stringify([cursor.id, ...cursor.keys])).toString('base64url');
    return `${payload}.${this.sign(payload, bound)}`;
  }

  /** @throws FhirError when the cursor was made for another search or access, or by somebody else */
  read(text: string, bound: string): Cursor {
    const [payload = '', signature = ''] = text.split('.');
    const expected = Buffer.from(this.sign(payload, bound));
    const given = Buffer.from(signature);
    if (given.length !== expected.length || !timingSafeEqual(given, expected))
      throw new FhirError(
        400,
        'invalid',
        '_cursor: belongs to another search; follow the next link of the Bundle unchanged, with the same token, or start the search again',
        '_cursor',
      );
    const [id = '', ...keys] = JSON.parse(Buffer.from(payload, 'base64url').toString()) as string[];
    return { id, keys };
  }

  private sign(payload: string, bound: string): string {
    return createHmac('sha256', this.key)
      .update(`${this.environment}\n${bound}\n${payload}`)
      .digest('base64url')
      .slice(0, 32);
  }
}
