import { ask, escape, type Ask, type Value } from './ask.js';

export function uriAsks(value: Value): Ask[] {
  const uri = String(value);
  const parent = uri.replace(/[/|][^/|]*$/, '');
  return [
    ask(escape(uri), (values) => values.some((own) => own === uri || own.startsWith(`${uri}|`))),
    ask(escape(parent), (values) => values.some((own) => own.startsWith(parent)), ':below'),
    ask(escape(`${uri}/more`), (values) => values.some((own) => `${uri}/more`.startsWith(own)), ':above'),
  ];
}
