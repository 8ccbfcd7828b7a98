import type { VNode } from 'preact';
import { renderToString } from 'preact-render-to-string';

/** The complete HTML document of a page. The renderer escapes all data. */
export function renderPage(page: VNode): string {
  return `<!doctype html>${renderToString(page)}`;
}

/** A part of a page, for a script that adds it. The renderer escapes all data. */
export const renderPart = (part: VNode): string => renderToString(part);

/** An external URL if it is safe in a link or an image, otherwise undefined. */
export function safeUrl(url: string | null | undefined, kind: 'link' | 'image'): string | undefined {
  if (!url) return undefined;
  if (/^https:\/\//i.test(url)) return url;
  // A path of our own origin. Two slashes would name another host.
  if (kind === 'image' && /^\/(?![/\\])/.test(url)) return url;
  if (kind === 'image' && /^data:image\/(png|jpeg|gif|webp|svg\+xml)[;,]/i.test(url)) return url;
  return undefined;
}
