import { describe, expect, it } from 'vitest';
import { Coalesced } from './coalesced.js';

describe('a shared question', () => {
  it('is asked once for all who come while another is under way, and after they came', async () => {
    const answers: ((answer: number) => void)[] = [];
    const question = new Coalesced(() => new Promise<number>((resolve) => answers.push(resolve)));
    const first = question.ask();
    const others = [question.ask(), question.ask(), question.ask()];
    expect(answers).toHaveLength(1);
    answers[0]!(1);
    expect(await first).toBe(1);
    await Promise.resolve();
    expect(answers).toHaveLength(2);
    answers[1]!(2);
    expect(await Promise.all(others)).toEqual([2, 2, 2]);
  });

  it('is asked again after it failed', async () => {
    let times = 0;
    const question = new Coalesced(async () => {
      times += 1;
      if (times === 1) throw new Error('away');
      return times;
    });
    const [first, second] = [question.ask(), question.ask()];
    await expect(first).rejects.toThrow('away');
    expect(await second).toBe(2);
    expect(await question.ask()).toBe(3);
  });
});
