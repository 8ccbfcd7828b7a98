import { createHash } from 'node:crypto';
import type { VNode } from 'preact';
import { renderToString } from 'preact-render-to-string';
import { stylesheet } from './stylesheet.js';

/** A whole HTML document of a page. Everything that came from data is escaped by the renderer. */
export function renderPage(page: VNode): string {
  return `<!doctype html>${renderToString(page)}`;
}

const hashOf = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
const styleHash = hashOf(stylesheet);

export interface PolicyOptions {
  /**
   * Where forms may lead, or undefined for anywhere. Browsers also apply it to the redirects that follow a form, so the
   * sign-in and consent pages, which end at an app, cannot restrict it.
   */
  formAction?: readonly string[];
  /** The one script that the page carries. It may call this origin and no other. */
  script?: string;
}

/**
 * The `Content-Security-Policy` of a page. It allows our one stylesheet, images and the given script.
 *
 * @throws Error when a source of `formAction`, which may come from outside, holds a space, `;` or `,`: that would begin
 *   another source or directive
 */
export function contentSecurityPolicy({ formAction, script }: PolicyOptions = {}): string {
  for (const source of formAction ?? [])
    if (/[\s;,]/.test(source) || source === '')
      throw new Error(
        `form-action source ${JSON.stringify(source)}: expected one source, such as https://app.example`,
      );
  return [
    "default-src 'none'",
    `style-src ${styleHash}`,
    ...(script ? [`script-src ${hashOf(script)}`, "connect-src 'self'"] : []),
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
