import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  AppIdentity,
  Badge,
  Breadcrumbs,
  Button,
  Card,
  Checkbox,
  CodeBlock,
  contentSecurityPolicy,
  DefinitionList,
  EmptyState,
  ErrorPage,
  ErrorSummary,
  Form,
  Notice,
  Page,
  RadioGroup,
  renderPage,
  Secret,
  Select,
  stylesheet,
  Table,
  TextArea,
  TextField,
  Time,
} from './index.js';

const hostile = `"><script>alert(1)</script>'&`;
const option = { value: hostile, label: hostile, hint: hostile };

describe('pages', () => {
  it('escape hostile input in text and attributes, everywhere', () => {
    const html = renderPage(
      <Page title={hostile} planName={hostile} homeHref={hostile} nav={[{ href: hostile, label: hostile }]}>
        <TextField label={hostile} name={hostile} value={hostile} hint={hostile} error={hostile} />
        <Table head={[hostile]} rows={[[hostile]]} />
        <AppIdentity name={hostile} organization={hostile} />
        <ErrorSummary title={hostile} errors={[{ field: hostile, message: hostile }]} />
        <Form action={hostile}>
          <TextArea label={hostile} name={hostile} value={hostile} hint={hostile} error={hostile} />
          <Select label={hostile} name={hostile} value={hostile} options={[option]} />
          <RadioGroup label={hostile} name={hostile} value={hostile} error={hostile} options={[option]} />
          <Checkbox label={hostile} name={hostile} value={hostile} error={hostile} hint={hostile} />
          <Button name={hostile} value={hostile} formaction={hostile}>
            {hostile}
          </Button>
        </Form>
        <Card title={hostile}>{hostile}</Card>
        <DefinitionList items={[{ term: hostile, value: hostile }]} />
        <Badge>{hostile}</Badge>
        <Notice title={hostile}>{hostile}</Notice>
        <CodeBlock>{hostile}</CodeBlock>
        <Secret value={hostile} />
        <Time iso={hostile} />
        <EmptyState title={hostile}>{hostile}</EmptyState>
        <Breadcrumbs items={[{ href: hostile, label: hostile }]} />
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

  it('point every label, description and error link at an element that is there', () => {
    const options = ['a b', 'a-b'].map((value) => ({ value, label: value }));
    const html = renderPage(
      <Page title="t">
        <ErrorSummary errors={['plan', 'terms', 'name'].map((field) => ({ field, message: 'm' }))} />
        <TextField label="l" name="name" error="e" hint="h" />
        <RadioGroup label="l" name="plan" error="e" hint="h" options={options} />
        <Checkbox label="l" name="terms" error="e" hint="h" />
      </Page>,
    );
    const ids = [...html.matchAll(/ id="([^"]*)"/g)].map((match) => match[1]);
    const targets = [...html.matchAll(/ (?:for|aria-describedby|href)="#?((?:field-[\w-]+ ?)+)"/g)].flatMap(
      (match) => match[1]?.split(' ') ?? [],
    );
    expect(new Set(ids).size).toBe(ids.length);
    expect(targets).toHaveLength(13);
    expect(targets.filter((target) => !ids.includes(target))).toEqual([]);
  });

  it('never write a password back', () => {
    const html = renderPage(
      <Page title="t">
        <TextField label="Password" name="password" type="password" value="hunter2" />
      </Page>,
    );
    expect(html).not.toContain('hunter2');
  });

  it('refuse a form-action source that would smuggle in another directive', () => {
    for (const source of ['https://x.example; script-src *', 'https://x.example, x', ''])
      expect(() => contentSecurityPolicy({ formAction: [source] })).toThrow('form-action source');
  });

  it('show a focus ring of at least 3:1 on light and dark (WCAG 2.2 §1.4.11)', () => {
    const themes = [...stylesheet.matchAll(/:root\{([^}]*)\}/g)].map(
      (theme) =>
        new Map([...(theme[1] ?? '').matchAll(/--([\w-]+):(#\w+)/g)].map(([, name, hex]) => [name, hex])),
    );
    expect(themes).toHaveLength(2);
    for (const theme of themes)
      for (const ground of ['bg', 'surface'])
        expect(contrast(theme.get('focus'), theme.get(ground))).toBeGreaterThanOrEqual(3);
  });
});

/** Relative luminance of `#rgb` or `#rrggbb` (WCAG 2.2). */
function luminance(hex = ''): number {
  const digits = hex.length === 4 ? hex.replace(/[\da-f]/gi, '$&$&') : hex;
  const [r = NaN, g = NaN, b = NaN] = [1, 3, 5]
    .map((at) => parseInt(digits.slice(at, at + 2), 16) / 255)
    .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(one?: string, other?: string): number {
  const [light = NaN, dark = NaN] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (light + 0.05) / (dark + 0.05);
}
