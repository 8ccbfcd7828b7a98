import type { VNode } from 'preact';
import type { DocumentContext } from './context.js';

/** One page of the documentation. Its URL is `/docs/` and its slug. */
export interface Document {
  slug: string;
  title: string;
  /** One sentence, for lists and search results. */
  summary: string;
  body(context: DocumentContext): VNode;
}

export const addressOf = ({ slug }: Pick<Document, 'slug'>) => `/docs/${slug}`;
