import { once } from 'node:events';
import { createWriteStream, type WriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import type { Element } from './facts.js';
import { checkedTypes, type CheckedType, type Gap, type QualityResult } from './check.js';

/** Gaps that the text names for each type and element; the file names all. */
const examplesShown = 5;

/** Writes the gaps into a file as they are found, so that a long list needs no memory. */
export class ReportFile {
  private isFirst = true;

  private constructor(private readonly stream: WriteStream) {}

  /** @throws Error when the file cannot be written */
  static async open(path: string, environment: string, time: Date): Promise<ReportFile> {
    const stream = createWriteStream(path);
    await once(stream, 'open');
    // A full disk rejects the promises of add and close. Without this handler it would end the process.
    stream.on('error', () => undefined);
    stream.write(`{"environment":${JSON.stringify(environment)},"time":"${time.toISOString()}","gaps":[`);
    return new ReportFile(stream);
  }

  async add(gap: Gap): Promise<void> {
    if (this.stream.errored) throw this.stream.errored;
    const isRoom = this.stream.write(`${this.isFirst ? '' : ','}\n${JSON.stringify(gap)}`);
    this.isFirst = false;
    if (!isRoom) await once(this.stream, 'drain');
  }

  async close(types: QualityResult): Promise<void> {
    this.stream.end(`\n],"types":${JSON.stringify(types)},"isComplete":${isComplete(types)}}\n`);
    await finished(this.stream);
  }
}

export const isComplete = (types: QualityResult): boolean =>
  checkedTypes.every((type) => types[type].complete === types[type].checked);

/** Keeps the first gaps of each type and element for the text. */
export class Examples {
  private readonly byElement = new Map<string, string[]>();

  add({ resource, name, lacks }: Gap): void {
    for (const element of lacks) {
      const key = keyOf(resource.split('/')[0] as CheckedType, element);
      const known = this.byElement.get(key) ?? [];
      if (known.length < examplesShown) known.push(name ? `${resource} (${name})` : resource);
      this.byElement.set(key, known);
    }
  }

  of(type: CheckedType, element: Element): readonly string[] {
    return this.byElement.get(keyOf(type, element)) ?? [];
  }
}

const keyOf = (type: CheckedType, element: Element) => `${type} ${element}`;

/** The result for people: a line for each type, and below it the elements that are missing. */
export function textOf(types: QualityResult, examples: Examples): string {
  const lines: string[] = [];
  for (const type of checkedTypes) {
    const { checked, complete, lacking } = types[type];
    lines.push(`${type}: ${complete} of ${checked} have all that the rules ask for`);
    for (const [element, count] of Object.entries(lacking).sort(([, a], [, b]) => b - a)) {
      const named = examples.of(type, element as Element);
      const more = count > named.length ? `, and ${count - named.length} more` : '';
      lines.push(`  ${count} without ${element}: ${named.join(', ')}${more}`);
    }
  }
  return lines.join('\n');
}
