/** An answer as a browser sees it. */
export interface Step {
  status: number;
  /** Absolute URL of the redirect; empty without one. */
  location: string;
  text: string;
  type: string;
}
export type Go = (address: string, init?: RequestInit) => Promise<Step>;

/**
 * A browser without scripts. It keeps the cookies of each host and path, and follows no redirect by itself.
 * @param resolve the URL to load for an address
 */
export function cookieBrowser(resolve: (address: string) => URL): Go {
  const jar: { host: string; path: string; name: string; value: string }[] = [];
  return async (address, init = {}) => {
    const url = resolve(address);
    const cookie = jar
      .filter(({ host, path }) => host === url.host && url.pathname.startsWith(path))
      .map(({ name, value }) => `${name}=${value}`)
      .join('; ');
    const headers = { accept: 'text/html', cookie, ...(init.headers as Record<string, string>) };
    const response = await fetch(url, { ...init, headers, redirect: 'manual' });
    for (const set of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(set) ?? [];
      const path = /path=([^;]+)/i.exec(set)?.[1] ?? '/';
      const index = jar.findIndex(
        (each) => each.host === url.host && each.path === path && each.name === name,
      );
      if (index >= 0) jar.splice(index, 1);
      if (!/expires=Thu, 01 Jan 1970/i.test(set)) jar.push({ host: url.host, path, name, value });
    }
    const location = response.headers.get('location');
    return {
      status: response.status,
      location: location ? new URL(location, url).href : '',
      text: await response.text(),
      type: response.headers.get('content-type') ?? '',
    };
  };
}

/** Follows redirects until one leads to a URL that `until` accepts. */
export async function follow(go: Go, address: string, until: (url: string) => boolean): Promise<Step> {
  let step = await go(address);
  for (let hop = 0; hop < 20 && step.location && !until(step.location); hop++) step = await go(step.location);
  return step;
}
