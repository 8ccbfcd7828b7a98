/**
 * Adds the decisions that README.md does not list yet: `node docs/decisions/index.mjs`. Rows that are there
 * stay as they are.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';

const here = new URL('.', import.meta.url);
const index = new URL('README.md', here);
const lines = readFileSync(index, 'utf8').split('\n');
// A merge of two branches may leave a row twice, with other spaces.
const fileOf = (row) => /\]\((\d{4}-[^)]+)\)/.exec(row)?.[1];
const rows = [
  ...new Map(lines.filter((line) => /^\| \d+ /.test(line)).map((row) => [fileOf(row), row])).values(),
];
const listed = (file) => rows.some((row) => row.includes(`](${file})`));

for (const file of readdirSync(here).filter((name) => /^\d{4}-.*\.md$/.test(name) && !listed(name))) {
  const text = readFileSync(new URL(file, here), 'utf8');
  const [, number, title] = /^# (\d+)\. (.*)$/m.exec(text);
  const date = /Date: (\d{4}-\d\d-\d\d)/.exec(text)?.[1] ?? new Date().toISOString().slice(0, 10);
  rows.push(
    `| ${number} | [${title}](${file}) | ${date} | ${/Status: (\w+)/.exec(text)?.[1] ?? 'accepted'} |`,
  );
}
rows.sort((a, b) => Number(/\d+/.exec(a)[0]) - Number(/\d+/.exec(b)[0]));
const from = lines.findIndex((line) => /^\| \d+ /.test(line));
const rest = lines.slice(from).filter((line) => !/^\| \d+ /.test(line));
writeFileSync(index, [...lines.slice(0, from), ...rows, ...rest].join('\n'));
