import { ask, escape, type Ask, type Value } from './ask.js';

export const folded = (text: string) =>
  text
    .normalize('NFD')
    .replace(/[\u0300-\u036f]/g, '')
    .toLowerCase()
    .replace(/[-‐‑–—]/g, ' ')
    .replace(/[.,;:!?'"’()[\]{}/\\&*#%@_]/g, '')
    .replace(/\s+/g, ' ')
    .trim();

const stringParts = [
  'text',
  'family',
  'given',
  'prefix',
  'suffix',
  'line',
  'city',
  'district',
  'state',
  'postalCode',
  'country',
];
const stringsOf = (value: Value): string[] =>
  typeof value === 'object' ? stringParts.flatMap((part) => value[part] ?? []) : [String(value)];
/** Words of a name may be asked for one by one (FHIR R4 §3.1.1.4.8). */
const startsOf = (value: Value): string[] => {
  const own = stringsOf(value).map(folded);
  const isName = typeof value === 'object' && (value.family || value.given);
  return isName ? own.flatMap((text) => [text, ...text.split(' ')]) : own;
};

export function stringAsks(value: Value): Ask[] {
  return stringsOf(value).flatMap((text) => {
    const middle = text.slice(Math.floor(text.length / 3), Math.floor(text.length / 3) + 4);
    const starts = (asked: string) => (values: Value[]) =>
      values.some((own) => startsOf(own).some((start) => start.startsWith(folded(asked))));
    return [
      ask(escape(text), starts(text)),
      ask(escape(text.slice(0, 3).toUpperCase()), starts(text.slice(0, 3))),
      ask(escape(text), (values) => values.some((own) => stringsOf(own).includes(text)), ':exact'),
      ask(
        escape(text.toLowerCase()),
        (values) => values.some((own) => stringsOf(own).includes(text.toLowerCase())),
        ':exact',
      ),
      ...(folded(middle) === ''
        ? []
        : [
            ask(
              escape(middle),
              (values) =>
                values.some((own) => stringsOf(own).some((s) => folded(s).includes(folded(middle)))),
              ':contains',
            ),
          ]),
    ];
  });
}
