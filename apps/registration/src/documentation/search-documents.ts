import { renderPage } from '@payer/ui';
import type { DocumentContext } from './documents/context.js';
import { addressOf, type Document } from './documents/document.js';

export interface SearchResult {
  address: string;
  title: string;
  /** The text around the first match. */
  excerpt: string;
}

/** The most results of a search, and most words of a query. */
const maxResults = 30;
const maxWords = 8;
const excerptLength = 180;

interface Indexed {
  document: Document;
  title: string;
  text: string;
}

/** Searches documents in memory, because the documentation is small. */
export class DocumentSearch {
  private readonly indexed: readonly Indexed[];

  constructor(documents: readonly Document[], context: DocumentContext) {
    this.indexed = documents.map((document) => ({
      document,
      title: document.title.toLowerCase(),
      text: `${document.summary} ${plainText(renderPage(document.body(context) as never))}`,
    }));
  }

  /** Documents that contain every word of the query. Documents with the words in their title come first. */
  find(query: string): SearchResult[] {
    const words = query.toLowerCase().split(/\s+/).filter(Boolean).slice(0, maxWords);
    if (words.length === 0) return [];
    return this.indexed
      .map((entry) => ({ entry, score: scoreOf(entry, words) }))
      .filter(({ score }) => score > 0)
      .sort((one, other) => other.score - one.score)
      .slice(0, maxResults)
      .map(({ entry }) => ({
        address: addressOf(entry.document),
        title: entry.document.title,
        excerpt: excerptOf(entry.text, words[0] ?? ''),
      }));
  }
}

/** 0 when a word is missing. A word in the title counts more than any number of words in the text. */
function scoreOf({ title, text }: Indexed, words: readonly string[]): number {
  const lower = text.toLowerCase();
  let score = 0;
  for (const word of words) {
    const inTitle = title === word ? 10_000 : title.includes(word) ? 1000 : 0;
    const inText = Math.min(100, lower.split(word).length - 1);
    if (inTitle + inText === 0) return 0;
    score += inTitle + inText;
  }
  return score;
}

function excerptOf(text: string, word: string): string {
  const at = Math.max(0, text.toLowerCase().indexOf(word));
  const from = at < excerptLength / 2 ? 0 : text.lastIndexOf(' ', at - excerptLength / 3) + 1;
  const part = text.slice(from, from + excerptLength);
  return `${from > 0 ? '… ' : ''}${part.trim()}${from + excerptLength < text.length ? ' …' : ''}`;
}

const entities: Record<string, string> = { lt: '<', gt: '>', quot: '"', amp: '&', '#39': "'" };

function plainText(html: string): string {
  return html
    .replace(/<[^>]*>/g, ' ')
    .replace(/&(lt|gt|quot|amp|#39);/g, (_, name: string) => entities[name] ?? '')
    .replace(/\s+/g, ' ')
    .replace(/^<!doctype html>/i, '')
    .trim();
}
