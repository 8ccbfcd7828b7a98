import { describe, expect, it } from 'vitest';
import { Scratch } from './scratch.js';

const text = 25;

/** Reads a value as a row of a statement has it. */
function read(scratch: Scratch, letter: string, length: number): Buffer {
  const parse = scratch.types.getTypeParser(text) as unknown as (value: Buffer) => Buffer;
  return parse(Buffer.alloc(length, letter));
}

const isAll = (value: Buffer, letter: string) => value.every((byte) => byte === letter.charCodeAt(0));

describe('the memory of an answer', () => {
  it('is used again after its release, and not before', () => {
    const first = new Scratch();
    const a = read(first, 'a', 5000);
    const other = new Scratch();
    const b = read(other, 'b', 5000);
    expect(b.buffer).not.toBe(a.buffer);
    expect([isAll(a, 'a'), isAll(b, 'b')]).toEqual([true, true]);
    first.release();
    expect(read(new Scratch(), 'c', 5000).buffer).toBe(a.buffer);
    expect(isAll(b, 'b')).toBe(true);
  });

  it('takes the bodies away from the rows of an answer', () => {
    const scratch = new Scratch();
    const rows = scratch.keep([
      { id: '1', body: read(scratch, 'a', 5000) },
      { id: '2', body: '{}' },
    ]);
    expect(rows.map(({ body }) => body.length)).toEqual([5000, 2]);
    scratch.release();
    expect(rows).toEqual([
      { id: '1', body: '' },
      { id: '2', body: '' },
    ]);
  });

  it('keeps all values of an answer, also beyond its length', () => {
    const scratch = new Scratch();
    const letters = [...'abcdefgh'];
    const values = letters.map((letter) => read(scratch, letter, 60_000));
    expect(values.map((value) => value.length)).toEqual(letters.map(() => 60_000));
    expect(values.map((value, i) => isAll(value, letters[i]!))).toEqual(letters.map(() => true));
  });

  it('of a large answer has several buffers, which the next answers use again', () => {
    const large = new Scratch();
    const memory = (values: Buffer[]) => new Set(values.map(({ buffer }) => buffer));
    const values = Array.from({ length: 40 }, (_, i) => read(large, i % 2 ? 'a' : 'b', 60_000));
    const used = memory(values);
    expect(used.size).toBe(10);
    expect(values.every((value, i) => isAll(value, i % 2 ? 'a' : 'b'))).toBe(true);
    large.release();
    const [one, other] = [new Scratch(), new Scratch()];
    const [c, d] = [one, other].map((next) => Array.from({ length: 20 }, () => read(next, 'c', 60_000)));
    for (const buffer of [...memory(c!), ...memory(d!)]) expect(used.has(buffer)).toBe(true);
    for (const buffer of memory(c!)) expect(memory(d!).has(buffer)).toBe(false);
    one.release();
    other.release();
  });

  it('of one answer has an end: further values have memory of their own', () => {
    const scratch = new Scratch();
    for (let i = 0; i < 64; i++) read(scratch, 'a', 60_000);
    const beyond = read(scratch, 'b', 60_000);
    expect([beyond.buffer.byteLength, isAll(beyond, 'b')]).toEqual([60_000, true]);
    scratch.release();
  });

  it('is not touched by late rows of a statement that has failed', () => {
    const failed = new Scratch();
    read(failed, 'a', 5000);
    failed.release();
    failed.release();
    const next = new Scratch();
    const another = new Scratch();
    const [b, c] = [read(next, 'b', 5000), read(another, 'c', 5000)];
    const late = read(failed, 'x', 20_000);
    expect([isAll(b, 'b'), isAll(c, 'c'), isAll(late, 'x')]).toEqual([true, true, true]);
  });
});
