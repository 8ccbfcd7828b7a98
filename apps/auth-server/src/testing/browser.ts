/** An answer as a browser sees it. */
export interface BrowserAnswer {
  status: number;
  location: string;
  text: string;
}

export type Browser = (
  url: string,
  init?: RequestInit & { isLost?: boolean; cookiesOf?: string },
) => Promise<BrowserAnswer>;

/**
 * A browser that keeps cookies by their paths and follows no redirect by itself. With `isLost` it drops the
 * answer, as a browser does when a button is pressed again. With `cookiesOf` it sends the cookies of another
 * URL, as an attacker's program can.
 * @param serviceUrl the service that replaces its public URL
 */
export function openBrowser(serviceUrl: string): Browser {
  const cookies = new Map<string, { pair: string; path: string }>();
  return async (url, { isLost, cookiesOf = url, ...init } = {}) => {
    const at = (address: string) => new URL(address.replace('http://localhost:4000', serviceUrl), serviceUrl);
    const target = at(url);
    const { pathname } = at(cookiesOf);
    const headers = new Headers(init.headers);
    const sent = [...cookies.values()].filter(({ path }) => pathname.startsWith(path));
    headers.set('cookie', sent.map(({ pair }) => pair).join('; '));
    headers.set('accept', 'text/html');
    const response = await fetch(target, { ...init, headers, redirect: 'manual' });
    for (const cookie of isLost ? [] : response.headers.getSetCookie()) {
      const [pair = ''] = cookie.split(';');
      const path = /; *path=([^;]*)/i.exec(cookie)?.[1] ?? '/';
      const key = `${pair.slice(0, pair.indexOf('='))} ${path}`;
      if (/expires=Thu, 01 Jan 1970/i.test(cookie)) cookies.delete(key);
      else cookies.set(key, { pair, path });
    }
    return {
      status: response.status,
      location: response.headers.get('location') ?? '',
      text: await response.text(),
    };
  };
}
