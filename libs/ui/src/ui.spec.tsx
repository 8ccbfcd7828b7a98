import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import {
  AppIdentity,
  contentSecurityPolicy,
  ErrorPage,
  ErrorSummary,
  Page,
  renderPage,
  Table,
  TextField,
} from './index.js';

const hostile = `"><script>alert(1)</script>'&`;

describe('pages', () => {
  it('escape hostile input in text and attributes, everywhere', () => {
    const html = renderPage(
      <Page title={hostile} planName={hostile} homeHref={hostile} nav={[{ href: hostile, label: hostile }]}>
        <TextField label={hostile} name={hostile} value={hostile} hint={hostile} error={hostile} />
        <Table head={[hostile]} rows={[[hostile]]} />
        <AppIdentity name={hostile} organization={hostile} />
        <ErrorSummary errors={[{ field: hostile, message: hostile }]} />
      </Page>,
    );
    expect(html).not.toContain('<script>');
    expect(html).not.toMatch(/="[^"]*"><script/);
  });

  it('drop links and images that are not https or data images', () => {
    const render = (url: string) =>
      renderPage(
        <Page title="t">
          <AppIdentity name="n" logoUri={url} href={url} />
        </Page>,
      );
    for (const url of ['javascript:alert(1)', 'http://x.example/a.png', 'data:text/html,x', '//x.example/a'])
      expect(render(url)).not.toContain(url);
    expect(render('https://x.example/a.png')).toContain('src="https://x.example/a.png"');
  });

  it('carry a style that the content security policy allows, and no other', () => {
    const html = renderPage(<ErrorPage title="t" whatHappened="w" details={[{ term: 'a', value: 'b' }]} />);
    const style = /<style>([\s\S]*)<\/style>/.exec(html)?.[1] ?? '';
    const hash = createHash('sha256').update(style).digest('base64');
    expect(contentSecurityPolicy()).toContain(`style-src 'sha256-${hash}'`);
    expect(html).not.toContain('style="');
    expect(contentSecurityPolicy({ formAction: ["'self'"] })).toContain("form-action 'self'");
  });

  it('tie labels, hints and errors to their inputs', () => {
    const html = renderPage(
      <Page title="t">
        <TextField label="Email" name="email" hint="h" error="e" required />
      </Page>,
    );
    expect(html).toContain('<label for="field-email">');
    expect(html).toMatch(
      /<input id="field-email"[^>]*aria-invalid="true"[^>]*aria-describedby="field-email-hint field-email-error"/,
    );
  });
});
