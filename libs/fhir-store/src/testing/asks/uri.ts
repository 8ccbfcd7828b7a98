import { ask, escape, type Ask, type Value } from './ask.js';

/** Whether a uri is the other one, or the other one continues it by a part of a path. */
const isAbove = (uri: string, other: string) =>
  uri === other || (other.startsWith(uri) && /[/?#]/.test(other.charAt(uri.length)));

export function uriAsks(value: Value): Ask[] {
  const uri = String(value);
  const parent = uri.replace(/[/|][^/|]*$/, '');
  return [
    ask(escape(uri), (values) => values.some((own) => own === uri || own.startsWith(`${uri}|`))),
    ask(escape(parent), (values) => values.some((own) => own.startsWith(parent)), ':below'),
    ask(escape(`${uri}/more`), (values) => values.some((own) => isAbove(own, `${uri}/more`)), ':above'),
  ];
}
