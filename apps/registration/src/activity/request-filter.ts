import { environments, requestKinds } from '@payer/smart';
import { z } from 'zod';
import { instantOf, isInOrder, notInOrder, since, until } from '../http/time-filter.js';

const maxPage = 200;

/** Whether a text is the time and the id of a request, as `next` gives them. */
function isPosition(text: string): boolean {
  const [at = '', id = ''] = text.split(' ');
  return instantOf(at) === at && /^[\w:-]{1,80}$/.test(id) && text === `${at} ${id}`;
}

/** A field of the filter. An empty field of the page's form is no choice. */
const choice = <S extends z.ZodType>(schema: S) =>
  z.preprocess((value) => (value === '' ? undefined : value), schema.optional());

/** Query of `GET /api/apps/:client_id/activity` and of the Activity page. */
export const requestFilter = z
  .object({
    environment: choice(z.enum(environments, `must be one of ${environments.join(', ')}`)),
    kind: choice(z.enum(requestKinds, `must be one of ${requestKinds.join(', ')}`)),
    outcome: choice(z.enum(['failed', 'served'], 'must be failed or served')),
    since: choice(since),
    until: choice(until),
    /** `next` of the previous page. */
    before: z.string().refine(isPosition, 'must be the next of the page before').optional(),
    /** `latest` of an earlier answer: the requests that have arrived since. */
    after: z
      .string()
      .regex(/^\d{1,18}$/, 'must be the latest of an earlier answer')
      .optional(),
    limit: z.coerce
      .number('must be a number')
      .int('must be a whole number')
      .min(1, 'must be at least 1')
      .max(maxPage, `must be at most ${maxPage}`)
      .default(50),
  })
  .refine(isInOrder, notInOrder)
  .refine(({ before, after }) => before === undefined || after === undefined, {
    path: ['after'],
    message: 'must not stand beside before: one leads to older requests, the other to newer ones',
  });
export type RequestFilter = z.infer<typeof requestFilter>;

/** The fields of the filter in a URL, without empty ones. */
export function filterQuery(fields: object): string {
  const shown = ['environment', 'kind', 'outcome', 'since', 'until', 'before'];
  const given = Object.entries(fields).filter(
    (entry): entry is [string, string] =>
      shown.includes(entry[0]) && typeof entry[1] === 'string' && entry[1] !== '',
  );
  return new URLSearchParams(given).toString();
}
