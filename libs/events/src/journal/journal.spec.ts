import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { randomUUID } from 'node:crypto';
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compactJournal } from './compact.js';
import { entryOf, lineOf, type JournalEntry } from './entry.js';
import { JournalReader } from './reader.js';
import { JournalVanished, JournalWriter } from './writer.js';

const day = 24 * 3600_000;
const old = (days: number) => new Date(Date.now() - days * day).toISOString();

const entry = (
  number: number,
  { database = 'a', subject = `s${number}`, at = old(0) } = {},
): JournalEntry => ({
  database,
  number,
  at,
  event: { id: randomUUID(), type: 'grant-revoked', subject, time: at, data: { text: 'Grüße\n"' } },
});

describe('the journal', () => {
  let directory: string;
  const reader = () => new JournalReader(directory, 'consent');
  const numbers = async (positions: Record<string, number> = {}) =>
    (await reader().unknown(positions)).entries.map(({ number }) => number);
  const faults = async (positions: Record<string, number> = {}) => (await reader().unknown(positions)).faults;
  const onlyFile = () => join(directory, readdirSync(directory)[0]!);

  beforeEach(() => {
    directory = join(mkdtempSync(join(tmpdir(), 'payer-journal-')), 'journal');
  });
  afterEach(() => rmSync(join(directory, '..'), { recursive: true, force: true }));

  async function write(entries: JournalEntry[], service = 'consent'): Promise<void> {
    const writer = new JournalWriter(directory, service);
    await writer.append(entries);
    await writer.close();
  }

  it.each([
    ['deleted', () => rmSync(directory, { recursive: true })],
    ['moved', () => renameSync(directory, `${directory}.moved`)],
    ['replaced by another disk', () => (renameSync(directory, `${directory}.moved`), mkdirSync(directory))],
    [
      'restored from a copy',
      () => (
        cpSync(directory, `${directory}.copy`, { recursive: true }),
        rmSync(directory, { recursive: true }),
        renameSync(`${directory}.copy`, directory)
      ),
    ],
  ])(
    'a writer whose directory was %s says so, and writes into a file that is there',
    async (_how, change) => {
      const writer = new JournalWriter(directory, 'consent');
      await writer.append([entry(1)]);
      change();
      await expect(writer.append([entry(2)])).rejects.toThrow(JournalVanished);
      await writer.append([entry(2)]);
      await writer.close();
      expect(await numbers({ a: 1 })).toEqual([2]);
    },
  );

  it('gives back what several writers have written, in order, beyond what a database knows', async () => {
    await write([entry(3), entry(4)]);
    await write([entry(1), entry(2)]);
    await write([entry(1)], 'auth-server');
    expect(await numbers()).toEqual([1, 2, 3, 4]);
    expect(await numbers({ a: 2 })).toEqual([3, 4]);
    expect(await reader().unknown({ a: 4 })).toEqual({ entries: [], last: { a: 4 }, faults: [] });
  });

  it('a line that a crash has torn is no entry, and what another writer adds later is read', async () => {
    await write([entry(1)]);
    const torn = lineOf(entry(2));
    for (let length = 1; length < torn.length - 1; length += 7) {
      const whole = readFileSync(onlyFile(), 'utf8').split('\n')[0];
      writeFileSync(onlyFile(), `${whole}\n${torn.slice(0, length)}`);
      expect(await reader().unknown({})).toMatchObject({ entries: [{ number: 1 }], faults: [] });
    }
    await write([entry(2), entry(3)]);
    expect(await numbers()).toEqual([1, 2, 3]);
    expect(await faults()).toEqual([]);
  });

  it.each([
    ['a changed line', (text: string) => text.replace('s2', 's9'), /line 2 .* damaged/],
    [
      'a lost line',
      (text: string) => text.split('\n').toSpliced(1, 1).join('\n'),
      /entries 2 to 2 .* missing/,
    ],
    ['a lost beginning', (text: string) => text.split('\n').slice(2).join('\n'), /entries 1 to 2 .* missing/],
  ])('%s is a fault', async (_name, damage, fault) => {
    await write([entry(1), entry(2), entry(3), entry(4)]);
    writeFileSync(onlyFile(), damage(readFileSync(onlyFile(), 'utf8')));
    expect((await faults()).join()).toMatch(fault);
  });

  it('a journal that ends before what the database knows has lost its end', async () => {
    await write([entry(1)]);
    expect(await faults({ a: 2 })).toEqual([expect.stringContaining('ends at entry 1')]);
    rmSync(directory, { recursive: true });
    expect(await faults({ a: 2 })).toEqual([expect.stringContaining('ends at entry 0')]);
    expect(await faults({})).toEqual([]);
  });

  it('an entry reads as it was written, whatever it holds; no byte of it can be changed', () => {
    const line = lineOf(entry(1)).trimEnd();
    expect(entryOf(line)?.event?.data).toEqual({ text: 'Grüße\n"' });
    for (let at = 0; at < line.length; at++)
      expect(
        entryOf(line.slice(0, at) + String.fromCharCode(line.charCodeAt(at) ^ 1) + line.slice(at + 1)),
      ).toBe(undefined);
  });

  it('compaction keeps what is young or needed, of closed files only, and leaves no fault', async () => {
    await write([entry(1, { at: old(500), subject: 'gone' }), entry(2, { at: old(450), subject: 'needed' })]);
    await write([entry(3, { at: old(440), subject: 'needed' }), entry(4, { at: old(3), subject: 'gone' })]);
    for (const name of readdirSync(directory)) utimesSync(join(directory, name), 0, 0);
    await write([entry(5, { at: old(500), subject: 'open' })]);
    const compacted = await compactJournal({
      directory,
      service: 'consent',
      keptDays: 400,
      isNeeded: ({ event }, isNewest) => isNewest && (event as { subject: string }).subject === 'needed',
    });
    expect(compacted).toEqual({ before: 4, after: 2 });
    const left = await reader().unknown({});
    expect(left.entries.filter(({ event }) => event).map(({ number }) => number)).toEqual([3, 4, 5]);
    expect(left.faults).toEqual([]);
    expect(await faults({ a: 1 })).toEqual([]);
  });

  it('compaction touches nothing when a closed file is damaged', async () => {
    await write([entry(1), entry(2), entry(3)]);
    const path = onlyFile();
    const damaged = readFileSync(path, 'utf8').replace('s2', 's9');
    writeFileSync(path, damaged);
    utimesSync(path, 0, 0);
    const compacted = compactJournal({ directory, service: 'consent', keptDays: 1, isNeeded: () => false });
    await expect(compacted).rejects.toThrow('damaged');
    expect(readFileSync(path, 'utf8')).toBe(damaged);
  });

  it('entries of a database that nobody knows are unknown from the first on', async () => {
    await write([entry(7, { database: 'b' })]);
    appendFileSync(onlyFile(), lineOf(entry(8, { database: 'b' })));
    expect(await numbers({ b: 6 })).toEqual([7, 8]);
    expect(await faults({ a: 0 })).toEqual([expect.stringContaining('entries 1 to 6 of database b')]);
  });
});
