import { eventContracts, eventTypes, type EventType } from '@payer/smart';
import { topicConfiguration } from '../kafka/topic-retention.js';
import { envelopeSchema, things, type Schema } from './schemas.js';

/**
 * docs/events.md with its tables regenerated from the contracts. The prose outside the marks stays unchanged.
 * @throws Error when a mark is missing
 */
export function eventsPage(page: string): string {
  const parts = {
    overview: overview(),
    envelope: fields(envelopeSchema),
    data: things.map(({ schema, types }) => thing(schema, types)).join('\n\n'),
    topics: topics(),
  };
  return Object.entries(parts).reduce((text, [name, made]) => {
    const [begin, end] = [`<!-- made from the contracts: ${name} -->`, `<!-- end: ${name} -->`];
    const [from, to] = [text.indexOf(begin), text.indexOf(end)];
    if (from < 0 || to < from) throw new Error(`docs/events.md has no part "${begin} … ${end}"`);
    return `${text.slice(0, from + begin.length)}\n\n${made}\n\n${text.slice(to)}`;
  }, page);
}

function table(head: string[], rows: string[][]): string {
  const cell = (text: string) => text.replaceAll('|', '\\|');
  return [head, head.map(() => '---'), ...rows].map((row) => `| ${row.map(cell).join(' | ')} |`).join('\n');
}

function overview(): string {
  return table(
    ['event (topic)', 'who may publish it', 'key', 'meaning', 'who acts'],
    eventTypes.map((type) => {
      const { sources, key, meaning, actedOn } = eventContracts[type];
      return [
        `\`${type}\``,
        sources.join(', '),
        `\`${key}\``,
        meaning,
        Object.keys(actedOn).join(', ') || 'nobody yet',
      ];
    }),
  );
}

function thing(schema: Schema, types: readonly EventType[]): string {
  const actions = types.flatMap((type) =>
    Object.entries(eventContracts[type].actedOn).map(([service, does]) => ({ service, does, type })),
  );
  const merged = new Map<string, { service: string; does: string; types: EventType[] }>();
  for (const { service, does, type } of actions) {
    const same = merged.get(`${service} ${does}`);
    if (same) same.types.push(type);
    else merged.set(`${service} ${does}`, { service, does, types: [type] });
  }
  const lines = [...merged.values()].map(({ service, does, types: which }) =>
    which.length === types.length
      ? `- ${service} ${does}.`
      : `- ${service}, on ${which.map((type) => `\`${type}\``).join(', ')}: ${does}.`,
  );
  return [
    `### ${types.map((type) => `\`${type}\``).join(', ')}`,
    `\`${schema.title}\`: ${schema.description}.`,
    ...(lines.length > 0 ? [lines.join('\n')] : []),
    fields(schema),
  ].join('\n\n');
}

function fields(schema: Schema): string {
  return table(['field', 'type', 'meaning'], rows(schema));
}

function rows(schema: Schema, prefix = ''): string[][] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const isOptional = !schema.required?.includes(name);
    const row = [
      `\`${prefix}${name}\``,
      `${typeOf(field)}${isOptional ? ', may be absent' : ''}`,
      field.description ?? '',
    ];
    return field.items?.properties ? [row, ...rows(field.items, `${prefix}${name}[].`)] : [row];
  });
}

function typeOf(field: Schema): string {
  if (field.anyOf) return field.anyOf.map(typeOf).join(' or ');
  if (field.const !== undefined) return `\`${String(field.const)}\``;
  if (field.enum) return field.enum.map((word) => `\`${String(word)}\``).join(', ');
  if (field.items) return `list of ${field.items.properties ? 'objects' : typeOf(field.items)}`;
  if (field.format) return field.format;
  return field.type === undefined ? 'object' : [field.type].flat().join(' or ');
}

function topics(): string {
  const names = [...new Set(eventTypes.flatMap((type) => Object.keys(topicConfiguration(type))))];
  return table(
    ['topic', ...names.map((name) => `\`${name}\``)],
    eventTypes.map((type) => [`\`${type}\``, ...names.map((name) => topicConfiguration(type)[name] ?? '')]),
  );
}
