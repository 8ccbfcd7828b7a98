import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll } from 'vitest';
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';
import { App, PortalSession } from '@payer/journey';
import { startTestSystem, type TestSystem } from '@payer/journey/test-system';

export interface BrowserSystemOptions {
  /** Variables of the services, or a function that makes them right before the start. */
  variables?: Record<string, string> | (() => Promise<Record<string, string>>);
  /** An app of the patient plan in the sandbox, with a server at its redirect URI. */
  app?: {
    name: string;
    /** Milliseconds after which the app's server answers. */
    delay?: number;
  };
}

/** The words of the page to which the app's redirect URI leads. */
export const backAtTheApp = 'back at the app';

/** Milliseconds that a page may take. The machine may do other work. */
const pageTimeout = 15_000;

/**
 * The whole system, a browser and, if asked for, an app, for the tests of a file. They start before the first
 * test and end after the last one. Needs Chromium.
 */
export class BrowserSystem {
  app: App;
  redirectUri: string;
  private system: TestSystem | undefined;
  private browser: Browser | undefined;
  private appServer: Server | undefined;

  constructor(private readonly options: BrowserSystemOptions = {}) {
    beforeAll(() => this.start(), 180_000);
    afterAll(() => this.stop(), 60_000);
  }

  get addresses(): TestSystem['addresses'] {
    return this.started.addresses;
  }

  /** The database of a service. */
  databaseUrl(name: string): string {
    return this.started.running.databaseUrl(name);
  }

  /** All log lines of the services. */
  logs(): string {
    return this.started.logs();
  }

  /** A page in a browser that nobody has used. `close` of its context ends both. */
  async open(options: BrowserContextOptions = {}): Promise<Page> {
    const context = await this.browser!.newContext({ viewport: { width: 1280, height: 844 }, ...options });
    context.setDefaultTimeout(pageTimeout);
    return context.newPage();
  }

  /** A page of the portal in a browser that nobody has used. */
  async openPortal(path: string, options: BrowserContextOptions = {}): Promise<Page> {
    const page = await this.open(options);
    await page.goto(`${this.addresses.portal}${path}`);
    return page;
  }

  private get started(): TestSystem {
    if (!this.system) throw new Error('the system starts before the first test');
    return this.system;
  }

  private async start(): Promise<void> {
    const { variables = {}, app } = this.options;
    const given = typeof variables === 'function' ? await variables() : variables;
    // Both are waited for, so that stop() ends the one when the other fails.
    const starts = await Promise.allSettled([
      startTestSystem(given).then((system) => (this.system = system)),
      startBrowser().then((browser) => (this.browser = browser)),
    ]);
    for (const start of starts) if (start.status === 'rejected') throw start.reason;
    if (app) await this.startApp(app.name, app.delay ?? 0);
  }

  private async startApp(client_name: string, delay: number): Promise<void> {
    const server = createServer((_request, response) => {
      const answer = () => response.setHeader('content-type', 'text/html').end(`<p>${backAtTheApp}</p>`);
      setTimeout(answer, delay);
    });
    this.appServer = server;
    await new Promise<void>((resolve) => server.listen(0, resolve));
    this.redirectUri = `http://localhost:${(server.address() as AddressInfo).port}/callback`;
    const developer = await PortalSession.newDeveloper(this.addresses.portal);
    const metadata = { client_name, redirect_uris: [this.redirectUri] };
    this.app = new App(this.addresses, 'sandbox', await developer.createApp('patient-access', metadata));
  }

  private async stop(): Promise<void> {
    await this.browser?.close();
    this.appServer?.close();
    await this.system?.stop();
  }
}

/** Starts Chromium, from `/usr/bin/chromium` or the path in `CHROMIUM`. */
function startBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    // Chromium refuses to run as root with its sandbox.
    args: ['--no-sandbox'],
  });
}
