import { ask, escape, same, type Ask, type Value } from './ask.js';

/** `Type/id` of a reference to one of our own resources. */
export function localTarget(value: Value, baseUrl: string): string | undefined {
  const text: string | undefined = typeof value === 'string' ? value : value?.reference;
  const local = text?.startsWith(`${baseUrl}/`) ? text.slice(baseUrl.length + 1) : text;
  return /^([A-Z][A-Za-z]+\/[A-Za-z0-9.-]{1,64})(?:\/_history\/.+)?$/.exec(local ?? '')?.[1];
}

export function referenceAsks(value: Value, baseUrl: string): Ask[] {
  const found: Ask[] = [];
  const target = localTarget(value, baseUrl);
  if (target) {
    const [type, id = ''] = target.split('/');
    const toTarget = (values: Value[]) => values.some((own) => localTarget(own, baseUrl) === target);
    const toId = (values: Value[]) => values.some((own) => localTarget(own, baseUrl)?.split('/')[1] === id);
    found.push(
      ask(id, toId),
      ask(target, toTarget),
      ask(`${baseUrl}/${target}`, toTarget),
      ask(id, toTarget, `:${type}`),
    );
    found.push(
      ask(`https://elsewhere.example/fhir/${target}`, (values) =>
        values.some((own) => own.reference === `https://elsewhere.example/fhir/${target}`),
      ),
    );
  } else if (typeof value === 'string') {
    const canonical = (own: Value) => String(own).split('|')[0];
    found.push(ask(escape(value), (values) => values.includes(value)));
    found.push(ask(canonical(value)!, (values) => values.some((own) => canonical(own) === canonical(value))));
  } else if (/^[a-z]+:/.test(value.reference ?? ''))
    found.push(
      ask(escape(value.reference), (values) => values.some((own) => own.reference === value.reference)),
    );
  const { system, value: identifier } = value.identifier ?? {};
  if (identifier) {
    const identified = (test: (own: Value) => boolean) => (values: Value[]) =>
      values.some((own) => own.identifier && test(own.identifier));
    found.push(
      ask(
        escape(identifier),
        identified((own) => same(own.value, identifier)),
        ':identifier',
      ),
    );
    if (system) {
      found.push(
        ask(
          `${escape(system)}|${escape(identifier)}`,
          identified((own) => own.system === system && same(own.value, identifier)),
          ':identifier',
        ),
      );
      found.push(
        ask(
          `${escape(system)}|`,
          identified((own) => own.system === system),
          ':identifier',
        ),
      );
    }
  }
  return found;
}
