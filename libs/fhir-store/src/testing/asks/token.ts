import { ask, escape, same, type Ask, type Value } from './ask.js';
import { folded } from './string.js';

interface Token {
  system?: string;
  code?: string;
  texts: string[];
  /** A `code`, a boolean or a string, which has no system of its own. */
  isPrimitive: boolean;
}

function tokensOf(value: Value): Token[] {
  if (typeof value !== 'object') return [{ code: String(value), texts: [], isPrimitive: true }];
  if (value.coding || value.text)
    return [
      ...(value.coding ?? []).map(({ system, code, display }: Value) => ({
        system,
        code,
        texts: display ? [display] : [],
        isPrimitive: false,
      })),
      ...(value.text ? [{ texts: [value.text], isPrimitive: false }] : []),
    ];
  const isContact = /^(phone|fax|email|pager|url|sms|other)$/.test(value.system ?? '');
  if (value.value !== undefined)
    return [
      {
        ...(isContact ? {} : { system: value.system }),
        code: value.value,
        texts: [value.type?.text].filter(Boolean),
        isPrimitive: isContact,
      },
    ];
  return [
    {
      system: value.system,
      code: value.code,
      texts: value.display ? [value.display] : [],
      isPrimitive: false,
    },
  ];
}

export function tokenAsks(value: Value): Ask[] {
  const found: Ask[] = [];
  const any = (test: (token: Token) => boolean) => (values: Value[]) => values.flatMap(tokensOf).some(test);
  const not = (test: (token: Token) => boolean) => (values: Value[]) => !values.flatMap(tokensOf).some(test);
  for (const { system, code, texts, isPrimitive } of tokensOf(value)) {
    if (code !== undefined) {
      const written = escape(code);
      found.push(
        ask(
          written,
          any((t) => same(t.code, code)),
        ),
      );
      found.push(
        ask(
          written,
          not((t) => same(t.code, code)),
          ':not',
        ),
      );
      if (!isPrimitive) {
        found.push(
          ask(
            `|${written}`,
            any((t) => !t.system && same(t.code, code)),
          ),
        );
        found.push(
          ask(
            written.toUpperCase(),
            any((t) => same(t.code, code)),
          ),
        );
        if (system) {
          const both = (t: Token) => t.system === system && same(t.code, code);
          found.push(ask(`${escape(system)}|${written}`, any(both)));
          found.push(ask(`${escape(system)}|${written}`, not(both), ':not'));
          found.push(
            ask(
              `${escape(system)}|`,
              any((t) => t.system === system),
            ),
          );
          found.push(ask(`http://nowhere.example|${written}`, () => false));
        }
      }
    }
    for (const text of texts)
      found.push(
        ask(
          escape(text.slice(0, 9)),
          any((t) => t.texts.some((own) => folded(own).startsWith(folded(text.slice(0, 9))))),
          ':text',
        ),
      );
  }
  const types: Value[] = value?.type?.coding ?? [];
  for (const { system, code } of types)
    if (system && code && value.value)
      found.push(
        ask(
          [system, code, value.value].map(escape).join('|'),
          (values) =>
            values.some(
              (own) =>
                same(own.value, value.value) &&
                own.type?.coding?.some(
                  (coding: Value) => coding.system === system && same(coding.code, code),
                ),
            ),
          ':of-type',
        ),
      );
  return found;
}
