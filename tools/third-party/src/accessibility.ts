import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core'), 'utf8');

/** A rule of axe-core that a page breaks. */
interface Violation {
  id: string;
  impact: string;
  nodes: { html: string }[];
}

/** The violations of WCAG 2.2 AA in a page as it stands (axe-core). Needs scripts in the page. */
export async function violationsOf(page: Page): Promise<Violation[]> {
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(axeSource);
  return page.evaluate(async () => {
    const { axe } = window as unknown as {
      axe: { run(options: object): Promise<{ violations: Violation[] }> };
    };
    const runOnly = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];
    const { violations } = await axe.run({ runOnly });
    return violations.map(({ id, impact, nodes }) => ({
      id,
      impact,
      nodes: nodes.map(({ html }) => ({ html })),
    }));
  });
}

/** A violation in one line: its rule and the first element. */
export const describeViolation = ({ id, nodes }: Violation): string => `${id}: ${nodes[0]?.html}`;
