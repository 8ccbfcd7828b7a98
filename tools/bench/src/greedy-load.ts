import { SmallClient } from './small-client.js';

/** What a greedy app sends: as much as is answered, over so many connections, until the parent goes away. */
export interface GreedyLoad {
  url: string;
  headers: Record<string, string>;
  /** A form for a search by POST; a GET when absent. */
  form?: string;
  connections: number;
}

/** Counts by status of what was answered. */
export type GreedyAnswers = Record<number, number>;

const { url, headers, form, connections } = JSON.parse(process.argv[2]!) as GreedyLoad;
const answers: GreedyAnswers = {};
process.on('message', () => process.send!(answers));
process.on('disconnect', () => process.exit(0));

async function ask(client: SmallClient): Promise<void> {
  for (;;) {
    const status = await client
      .status(url, form === undefined ? 'GET' : 'POST', headers, form)
      .catch(() => 0);
    answers[status] = (answers[status] ?? 0) + 1;
  }
}

await Promise.all(Array.from({ length: connections }, () => ask(new SmallClient())));
