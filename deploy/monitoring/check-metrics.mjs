/**
 * Every metric that an alarm or the dashboard asks for is in docs/operations.md, and every alarm has its
 * runbook there.
 */
import { readFileSync } from 'node:fs';

const here = (file) => readFileSync(new URL(file, import.meta.url), 'utf8');
const operations = here('../../docs/operations.md');
const alerts = here('alerts.yaml');
const { panels } = JSON.parse(here('dashboard.json'));

const expressions = [
  ...Array.from(alerts.matchAll(/^ *expr: (.*(?:\n {10,}.*)*)/gm), ([, expression]) => expression),
  ...panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)),
];
/**
 * A name before a selector, a range, a bracket, an operator or the end; functions are followed by "(", labels
 * are in braces.
 */
const metricsOf = (expression) =>
  expression
    .replace(/"[^"]*"/g, '""')
    .replace(/\b(by|without|on|ignoring|group_left|group_right) *\([^)]*\)/g, '')
    .replace(/\{[^}]*\}/g, '')
    .match(/\b[a-z][a-z0-9]*_[a-z0-9_]+\b(?! *\()/g) ?? [];

const asked = new Set(expressions.flatMap(metricsOf).map((name) => name.replace(/_(bucket|count|sum)$/, '')));
const undocumented = [...asked].filter(
  (name) => !operations.includes(`\`${name}\``) && !/^(process|nodejs)_/.test(name),
);
const runbooks = Array.from(alerts.matchAll(/runbook: docs\/operations\.md#(\S+)/g), ([, anchor]) => anchor);
const headings = new Set(
  [...operations.matchAll(/^#+ (.*)$/gm)].map(([, text]) => text.toLowerCase().replaceAll(' ', '-')),
);
const missing = runbooks.filter((anchor) => !headings.has(anchor));

if (expressions.length < 20 || asked.size < 15 || runbooks.length < 5)
  throw new Error(
    `only ${expressions.length} expressions, ${asked.size} metrics and ${runbooks.length} runbooks were found`,
  );
if (undocumented.length > 0) throw new Error(`not in docs/operations.md: ${undocumented.join(', ')}`);
if (missing.length > 0) throw new Error(`no runbook in docs/operations.md: ${missing.join(', ')}`);
console.log(`${asked.size} metrics and ${runbooks.length} runbooks are documented`);
