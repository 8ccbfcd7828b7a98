import { createHash } from 'node:crypto';
import type { VNode } from 'preact';
import { renderToString } from 'preact-render-to-string';
import { stylesheet } from './stylesheet.js';

/** A whole HTML document of a page. Everything that came from data is escaped by the renderer. */
export function renderPage(page: VNode): string {
  return `<!doctype html>${renderToString(page)}`;
}

const styleHash = createHash('sha256').update(stylesheet).digest('base64');

/**
 * The `Content-Security-Policy` of a page: nothing but our one stylesheet and images.
 *
 * @param formAction where forms may lead, or undefined for anywhere: browsers apply it to the redirects that follow a
 *   form, too, so the sign-in and consent pages, which end at an app, cannot restrict it
 * @throws when a source holds what would end it and begin another (a space, `;` or `,`): it may come from outside
 */
export function contentSecurityPolicy({ formAction }: { formAction?: readonly string[] } = {}): string {
  for (const source of formAction ?? [])
    if (/[\s;,]/.test(source) || source === '')
      throw new Error(
        `form-action source ${JSON.stringify(source)}: expected one source, such as https://app.example`,
      );
  return [
    "default-src 'none'",
    `style-src 'sha256-${styleHash}'`,
    'img-src https: data:',
    ...(formAction ? [`form-action ${formAction.join(' ') || "'none'"}`] : []),
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}

/** A URL from outside if it is safe to put into a link or an image, else undefined. */
export function safeUrl(url: string | null | undefined, kind: 'link' | 'image'): string | undefined {
  if (!url) return undefined;
  if (/^https:\/\//i.test(url)) return url;
  if (kind === 'image' && /^data:image\/(png|jpeg|gif|webp|svg\+xml)[;,]/i.test(url)) return url;
  return undefined;
}
