import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { languages } from '@payer/ui';
import { signInTeam } from '../production-requests/testing/complete-request.js';
import { startPortal, Visitor, type TestPortal } from '../testing/portal.js';

const logo =
  'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII=';

describe('the brand of the plan', () => {
  let portal: TestPortal;
  let team: Visitor;
  beforeAll(async () => {
    portal = await startPortal({
      PLAN_NAME: 'Riverbend Health',
      PLAN_LOGO: logo,
      PLAN_COLOR: '#7B2D8B',
      PLAN_CONTACT: '1-800-555-0199',
      PLAN_HELP_URL: 'https://riverbend.example/help',
    });
    team = await signInTeam(new Visitor(portal.service.url));
  });
  afterAll(() => portal?.stop());

  const open = (visitor: Visitor, path: string) =>
    visitor.send('GET', path, { headers: { accept: 'text/html' } });

  it.each([
    '/',
    '/sign-in',
    '/sign-up',
    '/docs/',
    '/nowhere',
    '/platform/brand',
    '/platform/brand/preview?lang=en',
    '/platform/brand/preview?lang=es',
    '/platform/search',
  ])('is on %s: name, logo, colour, contact and links, and nothing of the default', async (path) => {
    const visits = await Promise.all([team, new Visitor(portal.service.url)].map((each) => open(each, path)));
    const pages = visits.filter(({ status }) => status !== 303);
    expect(pages.length).toBeGreaterThan(0);
    for (const { text } of pages) {
      expect(text).not.toContain('Example Health Plan');
      for (const part of ['Riverbend Health', logo, '#7b2d8b', '1-800-555-0199', 'riverbend.example/help'])
        expect(text).toContain(part);
    }
  });

  it('is allowed by the policy of each page, as the exact text of its stylesheet', async () => {
    for (const path of ['/platform/search', '/nowhere', '/platform/brand/preview']) {
      const { headers, text } = await open(team, path);
      const policy = headers.get('content-security-policy') ?? '';
      const styles = [...text.matchAll(/<style>(.*?)<\/style>/gs)].map(([, style = '']) => style);
      expect(styles).toHaveLength(2);
      for (const style of styles)
        expect(policy).toContain(`'sha256-${createHash('sha256').update(style).digest('base64')}'`);
    }
  });

  it('has a page with its contrasts for the platform team, and a preview in each language', async () => {
    const { text: page } = await open(team, '/platform/brand');
    expect(page).toMatch(/a link on a card[\s\S]*?\d+\.\d:1/);
    for (const [tag, texts] of Object.entries(languages)) {
      expect(page).toContain(`/platform/brand/preview?lang=${tag}`);
      expect((await open(team, `/platform/brand/preview?lang=${tag}`)).text).toContain(
        texts['consent.button.yes'],
      );
    }
    for (const path of ['/platform/brand', '/platform/brand/preview'])
      expect((await open(new Visitor(portal.service.url), path)).status).toBe(303);
  });
});
