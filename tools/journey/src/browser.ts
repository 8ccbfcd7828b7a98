import { parse, type HTMLElement } from 'node-html-parser';
import { CookieJar } from 'tough-cookie';

export interface Page {
  url: string;
  status: number;
  html: string;
  /** The elements that match a CSS selector. */
  $(selector: string): Elements;
}

export interface Elements {
  length: number;
  /** Visible text of all the elements. */
  text(): string;
  all: HTMLElement[];
}

/** End of a visit: a page, or an address outside the platform (an app's redirect URI). */
export type Visit = { page: Page; left?: undefined } | { page?: undefined; left: URL };

const maxRedirects = 20;

/**
 * A minimal browser with cookies, redirects and forms. It does not follow a redirect to an app's redirect
 * URI, but returns the address.
 */
export class Browser {
  readonly jar = new CookieJar();

  /** @param leavesAt URL prefixes that belong to apps, not to the platform */
  constructor(private readonly leavesAt: readonly string[] = []) {}

  open(url: string): Promise<Visit> {
    return this.visit(url, { method: 'GET' });
  }

  /**
   * Opens a page that must be within the platform.
   * @throws Error when the browser was sent to an app
   */
  async page(url: string): Promise<Page> {
    return expectPage(await this.open(url));
  }

  /**
   * Fills in and sends a form.
   * @param fields values by field name, several for boxes to tick; the form is the first one that has all
   *   of the names
   * @param button text of the button to press; its name and value are sent, too
   */
  submit(
    page: Page,
    fields: Record<string, string | readonly string[]> = {},
    button?: RegExp,
  ): Promise<Visit> {
    const form = page
      .$('form')
      .all.find(
        (candidate) =>
          Object.keys(fields).every((name) => candidate.querySelector(`[name="${name}"]`)) &&
          (!button || buttonsOf(candidate).some(({ text }) => button.test(text))),
      );
    if (!form)
      throw new Error(
        `no form with ${Object.keys(fields).join(', ') || 'no fields'}${button ? ` and button ${button}` : ''} on ${page.url} (status ${page.status}):\n${excerptOf(page)}`,
      );
    const values = new URLSearchParams(filledIn(form));
    for (const [name, given] of Object.entries(fields)) {
      values.delete(name);
      for (const value of typeof given === 'string' ? [given] : given) values.append(name, value);
    }
    const pressed = button && buttonsOf(form).find(({ text }) => button.test(text));
    const name = pressed?.getAttribute('name');
    if (name) values.set(name, pressed?.getAttribute('value') ?? '');
    const action = pressed?.getAttribute('formaction') ?? form.getAttribute('action') ?? page.url;
    const url = new URL(action || page.url, page.url);
    if ((form.getAttribute('method') ?? 'get').toLowerCase() === 'get') {
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

  /** One request with this browser's cookies; does not follow redirects. */
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
        return { page: pageOf(url, response.status, html) };
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

function pageOf(url: string, status: number, html: string): Page {
  const document = parse(html);
  return {
    url,
    status,
    html,
    $(selector) {
      const all = document.querySelectorAll(selector);
      return { all, length: all.length, text: () => all.map(({ text }) => text).join('') };
    },
  };
}

/** The data set of a form without a button (HTML §4.10.22.4): no disabled fields, and only checked boxes. */
function filledIn(form: HTMLElement): [name: string, value: string][] {
  return form
    .querySelectorAll('input[name], textarea[name], select[name]')
    .filter(
      (field) =>
        !field.hasAttribute('disabled') &&
        (!/^(checkbox|radio)$/i.test(field.getAttribute('type') ?? '') || field.hasAttribute('checked')) &&
        !/^(submit|button|reset|image|file)$/i.test(field.getAttribute('type') ?? ''),
    )
    .map((field) => [field.getAttribute('name') ?? '', valueOf(field)]);
}

function valueOf(field: HTMLElement): string {
  if (field.tagName === 'TEXTAREA') return field.text;
  if (field.tagName !== 'SELECT')
    return field.getAttribute('value') ?? (field.hasAttribute('checked') ? 'on' : '');
  const options = field.querySelectorAll('option');
  const chosen = options.find((option) => option.hasAttribute('selected')) ?? options[0];
  return chosen?.getAttribute('value') ?? chosen?.text ?? '';
}

const buttonsOf = (form: HTMLElement) => form.querySelectorAll('button');

const excerptOf = (page: Page) =>
  (page.$('main, body').all[0]?.text ?? '').trim().replace(/\s+/g, ' ').slice(0, 600);

export function expectPage(visit: Visit): Page {
  if (!visit.page) throw new Error(`expected a page of the platform, was sent to ${visit.left.origin}`);
  return visit.page;
}

export function expectLeft(visit: Visit): URL {
  if (!visit.left)
    throw new Error(
      `expected to be sent back to the app, got a page (status ${visit.page.status}) at ${visit.page.url.split('?')[0]}: ${excerptOf(visit.page)}`,
    );
  return visit.left;
}
