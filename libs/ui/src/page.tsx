import type { ComponentChildren } from 'preact';
import { stylesheet } from './stylesheet.js';

export interface NavItem {
  href: string;
  label: string;
  current?: boolean;
}

export interface PageProps {
  title: string;
  lang?: string;
  /** `portal` is wide, for work; `member` and `plain` are narrow, for reading and deciding. */
  area?: 'portal' | 'member' | 'plain';
  planName?: string;
  environment?: 'sandbox' | 'production';
  /** Where the plan's name leads. */
  homeHref?: string;
  nav?: readonly NavItem[];
  signedIn?: { label: string; signOutAction: string };
  /** Text of the page's one script. Give the same text to `contentSecurityPolicy`. The page must work without it. */
  script?: string;
  children?: ComponentChildren;
}

/** The shell of every page. */
export function Page(props: PageProps) {
  const { title, lang = 'en', area = 'plain', planName = 'Example Health Plan' } = props;
  return (
    <html lang={lang}>
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="robots" content="noindex" />
        <title>{`${title} · ${planName}`}</title>
        <link rel="icon" href="data:," />
        <style dangerouslySetInnerHTML={{ __html: stylesheet }} />
      </head>
      <body class={area === 'portal' ? 'wide' : 'narrow'}>
        <a class="skip" href="#main">
          Skip to the content
        </a>
        <header class="site-header">
          <div class="wrap">
            {props.homeHref ? (
              <a class="brand" href={props.homeHref}>
                {planName}
              </a>
            ) : (
              <span class="brand">{planName}</span>
            )}
            {props.environment === 'sandbox' && <Badge tone="warn">Sandbox</Badge>}
            {(props.nav?.length || props.signedIn) && (
              <nav class="site-nav" aria-label="Site">
                {props.nav?.map((item) => (
                  <a key={item.href} href={item.href} aria-current={item.current ? 'page' : undefined}>
                    {item.label}
                  </a>
                ))}
                {props.signedIn && (
                  <form method="post" action={props.signedIn.signOutAction} class="row">
                    <span class="who">{props.signedIn.label}</span>
                    <button class="button link">Sign out</button>
                  </form>
                )}
              </nav>
            )}
          </div>
        </header>
        <main id="main">
          <div class="wrap">{props.children}</div>
        </main>
        <footer class="site-footer">
          <div class="wrap">
            {props.environment === 'sandbox'
              ? 'This is the sandbox: all people and records in it are made up.'
              : area === 'portal'
                ? planName
                : `${planName}. Your records are yours.`}
          </div>
        </footer>
        {props.script && <script dangerouslySetInnerHTML={{ __html: props.script }} />}
      </body>
    </html>
  );
}

export type Tone = 'neutral' | 'good' | 'warn' | 'bad';

export function Badge({ tone = 'neutral', children }: { tone?: Tone; children?: ComponentChildren }) {
  return <span class={`badge ${tone}`}>{children}</span>;
}
