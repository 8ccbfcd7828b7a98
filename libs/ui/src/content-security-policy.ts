import { createHash } from 'node:crypto';
import { brandStylesheet } from './brand/brand.js';
import { stylesheet } from './stylesheet.js';

const hashOf = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
const styleHash = hashOf(stylesheet);

/** The hash of the brand's stylesheet, if the brand sets colours. */
const brandHashes = (): string[] => [brandStylesheet() ?? []].flat().map(hashOf);

export interface PolicyOptions {
  /**
   * Allowed targets of forms; undefined allows every target. Browsers also apply the list to redirects after
   * a form. Sign-in and consent redirect to an app at the end, so their pages cannot restrict it.
   */
  formAction?: readonly string[];
  /** The only script of the page. It may connect to this origin only. */
  script?: string;
  /** `own`: images from our origin only, so that the page reveals its reader to no other host. */
  images?: 'own' | 'https';
}

/**
 * The `Content-Security-Policy` of a page. It allows our stylesheet, images and the given script.
 *
 * @throws Error when a source of `formAction` contains a space, `;` or `,`. A source may come from outside,
 *   and these characters would begin another source or directive.
 */
export function contentSecurityPolicy({ formAction, script, images = 'https' }: PolicyOptions = {}): string {
  for (const source of formAction ?? [])
    if (/[\s;,]/.test(source) || source === '')
      throw new Error(
        `form-action source ${JSON.stringify(source)}: expected one source, such as https://app.example`,
      );
  return [
    "default-src 'none'",
    `style-src ${[styleHash, ...brandHashes()].join(' ')}`,
    ...(script ? [`script-src ${hashOf(script)}`, "connect-src 'self'"] : []),
    images === 'own' ? "img-src 'self' data:" : "img-src 'self' https: data:",
    ...(formAction ? [`form-action ${formAction.join(' ') || "'none'"}`] : []),
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}
