import { load, type CheerioAPI } from 'cheerio';
import { CookieJar } from 'tough-cookie';

export interface Page {
  url: string;
  status: number;
  html: string;
  $: CheerioAPI;
}

/** Where a browser ended: on a page, or at an address outside the platform (an app's redirect URI). */
export type Visit = { page: Page; left?: undefined } | { page?: undefined; left: URL };

const maxRedirects = 20;

/**
 * A person's browser as far as the journey needs one: cookies, redirects, forms. It does not follow redirects to an app's
 * redirect URI but tells where it was sent.
 */
export class Browser {
  readonly jar = new CookieJar();

  /** @param leavesAt URL prefixes that belong to apps, not to the platform */
  constructor(private readonly leavesAt: readonly string[] = []) {}

  open(url: string): Promise<Visit> {
    return this.visit(url, { method: 'GET' });
  }

  /** Opens a page and insists on staying within the platform. @throws Error when it was sent to an app */
  async page(url: string): Promise<Page> {
    return expectPage(await this.open(url));
  }

  /**
   * Fills in and sends a form.
   * @param fields values by field name; the form is the first one that has all of them
   * @param button text of the button to press; its name and value are sent along
   */
  submit(page: Page, fields: Record<string, string> = {}, button?: RegExp): Promise<Visit> {
    const { $ } = page;
    const form = $('form')
      .toArray()
      .find(
        (candidate) =>
          Object.keys(fields).every((name) => $(candidate).find(`[name="${name}"]`).length > 0) &&
          (!button || buttonsOf($, candidate).some((element) => button.test($(element).text()))),
      );
    if (!form)
      throw new Error(
        `no form with ${Object.keys(fields).join(', ') || 'no fields'}${button ? ` and button ${button}` : ''} on ${page.url} (status ${page.status}):\n${$('main, body').first().text().trim().slice(0, 600)}`,
      );
    const values = new URLSearchParams();
    for (const { name, value } of $(form).serializeArray()) values.append(name, value);
    for (const [name, value] of Object.entries(fields)) values.set(name, value);
    const pressed = button && buttonsOf($, form).find((element) => button.test($(element).text()));
    const name = pressed && $(pressed).attr('name');
    if (name) values.set(name, $(pressed).attr('value') ?? '');
    const action = (pressed && $(pressed).attr('formaction')) ?? $(form).attr('action') ?? page.url;
    const url = new URL(action || page.url, page.url);
    if (($(form).attr('method') ?? 'get').toLowerCase() === 'get') {
      url.search = values.toString();
      return this.visit(url.href, { method: 'GET' });
    }
    return this.visit(url.href, {
      method: 'POST',
      body: values.toString(),
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        origin: new URL(page.url).origin,
      },
    });
  }

  /** One request with this browser's cookies, redirects not followed. */
  async request(url: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers);
    const cookies = await this.jar.getCookieString(url);
    if (cookies) headers.set('cookie', cookies);
    if (!headers.has('accept')) headers.set('accept', 'text/html,application/xhtml+xml,*/*;q=0.8');
    const response = await fetch(url, { ...init, headers, redirect: 'manual' });
    for (const cookie of response.headers.getSetCookie())
      await this.jar.setCookie(cookie, url, { ignoreError: true });
    return response;
  }

  private async visit(start: string, init: RequestInit): Promise<Visit> {
    let url = start;
    let request = init;
    for (let hop = 0; hop < maxRedirects; hop++) {
      const response = await this.request(url, request);
      const location = response.headers.get('location');
      if (!location || response.status < 300 || response.status > 399) {
        const html = await response.text();
        return { page: { url, status: response.status, html, $: load(html) } };
      }
      await response.body?.cancel();
      const next = new URL(location, url);
      if (this.leavesAt.some((prefix) => next.href.startsWith(prefix))) return { left: next };
      url = next.href;
      if (response.status !== 307 && response.status !== 308) request = { method: 'GET' };
    }
    throw new Error(`more than ${maxRedirects} redirects from ${start}`);
  }
}

function buttonsOf($: CheerioAPI, form: Parameters<CheerioAPI>[0]) {
  return $(form as never)
    .find('button')
    .toArray();
}

export function expectPage(visit: Visit): Page {
  if (!visit.page) throw new Error(`expected a page of the platform, was sent to ${visit.left.origin}`);
  return visit.page;
}

export function expectLeft(visit: Visit): URL {
  if (!visit.left)
    throw new Error(
      `expected to be sent back to the app, got a page (status ${visit.page.status}) at ${visit.page.url.split('?')[0]}: ${visit.page.$('main, body').first().text().trim().replace(/\s+/g, ' ').slice(0, 600)}`,
    );
  return visit.left;
}
