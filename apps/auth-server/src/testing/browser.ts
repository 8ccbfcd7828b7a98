/** An answer as a browser sees it. */
export interface BrowserAnswer {
  status: number;
  location: string;
  text: string;
}

export type Browser = (url: string, init?: RequestInit & { isLost?: boolean }) => Promise<BrowserAnswer>;

/**
 * A browser that keeps cookies and follows no redirect by itself. With `isLost` it drops the answer, as a
 * browser does when a button is pressed again.
 * @param serviceUrl the service that replaces its public URL
 */
export function openBrowser(serviceUrl: string): Browser {
  const cookies = new Map<string, string>();
  return async (url, { isLost, ...init } = {}) => {
    const target = new URL(url.replace('http://localhost:4000', serviceUrl), serviceUrl);
    const headers = new Headers(init.headers);
    headers.set('cookie', [...cookies].map(([name, value]) => `${name}=${value}`).join('; '));
    headers.set('accept', 'text/html');
    const response = await fetch(target, { ...init, headers, redirect: 'manual' });
    for (const cookie of isLost ? [] : response.headers.getSetCookie()) {
      const [pair = ''] = cookie.split(';');
      const at = pair.indexOf('=');
      if (/expires=Thu, 01 Jan 1970/i.test(cookie)) cookies.delete(pair.slice(0, at));
      else cookies.set(pair.slice(0, at), pair.slice(at + 1));
    }
    return {
      status: response.status,
      location: response.headers.get('location') ?? '',
      text: await response.text(),
    };
  };
}
