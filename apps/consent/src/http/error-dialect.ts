import type { ErrorDialect } from '@payer/service';
import { environmentPattern } from '@payer/smart';

const api = new RegExp(`^/${environmentPattern}/(api|internal)/`);
const pagePaths = [
  'consent',
  'callback',
  'disconnect',
  'shorten',
  'history',
  'receipts',
  'before-you-share',
  'sign-out',
  'signed-out',
];
const pages = new RegExp(`^/${environmentPattern}(/(${pagePaths.join('|')}).*)?/?$`);

/** The JSON APIs answer programs. Members get pages, unless the request does not accept HTML. */
export function dialectOf(path: string, accept: string): ErrorDialect {
  if (api.test(path)) return 'problem';
  if (pages.test(path)) return 'page';
  return accept.includes('text/html') ? 'page' : 'problem';
}
