import { isSynthetic, type Environment } from '@payer/smart/environments';
import type { ComponentChildren } from 'preact';
import { brandInUse, brandStylesheet } from './brand/brand.js';
import { BrandContact, BrandMark, type BrandWords } from './brand/brand-parts.js';
import { stylesheet } from './stylesheet.js';

export interface NavItem {
  href: string;
  label: string;
  current?: boolean;
}

/** The texts of the page frame, for pages in another language. */
export interface ShellWords {
  skip: string;
  site: string;
  signOut: string;
  sandbox: string;
  footer: string;
  brand: BrandWords;
}

/** A link to the same page in another language. */
export interface LanguageLink {
  /** BCP 47 tag. */
  lang: string;
  label: string;
  href: string;
}

export interface PageProps {
  title: string;
  lang?: string;
  /**
   * `portal` and `wide-member` are wide, for work; `member` and `plain` are narrow, for reading and deciding.
   */
  area?: 'portal' | 'wide-member' | 'member' | 'plain';
  /** Name in the header. Default: the plan's name. */
  planName?: string;
  environment?: Environment;
  /** Target of the link on the plan's name. */
  homeHref?: string;
  nav?: readonly NavItem[];
  signedIn?: { label: string; signOutAction: string };
  words?: ShellWords;
  languageLinks?: readonly LanguageLink[];
  /**
   * Text of the page's only script. Pass the same text to `contentSecurityPolicy`. The page must work without
   * it.
   */
  script?: string;
  children?: ComponentChildren;
}

/** The common frame of all pages. */
export function Page(props: PageProps) {
  const { title, lang = 'en', area = 'plain', planName = brandInUse().planName } = props;
  const colors = brandStylesheet();
  const words = props.words ?? englishWords(props, planName);
  return (
    <html lang={lang}>
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="robots" content="noindex" />
        <title>{`${title} · ${planName}`}</title>
        <link rel="icon" href="data:," />
        <style dangerouslySetInnerHTML={{ __html: stylesheet }} />
        {colors && <style dangerouslySetInnerHTML={{ __html: colors }} />}
      </head>
      <body class={area === 'portal' || area === 'wide-member' ? 'wide' : 'narrow'}>
        <a class="skip" href="#main">
          {words.skip}
        </a>
        <header class="site-header">
          <div class="wrap">
            <BrandMark name={planName} href={props.homeHref} />
            {hasMadeUpData(props) && <Badge tone="warn">{words.sandbox}</Badge>}
            {(props.nav?.length || props.signedIn || props.languageLinks?.length) && (
              <nav class="site-nav" aria-label={words.site}>
                {props.nav?.map((item) => (
                  <a key={item.href} href={item.href} aria-current={item.current ? 'page' : undefined}>
                    {item.label}
                  </a>
                ))}
                {props.languageLinks?.map(({ lang: to, label, href }) => (
                  <a key={to} href={href} lang={to} hreflang={to}>
                    {label}
                  </a>
                ))}
                {props.signedIn && (
                  <form method="post" action={props.signedIn.signOutAction} class="row">
                    <span class="who">{props.signedIn.label}</span>
                    <button class="button link">{words.signOut}</button>
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
            {words.footer}
            <BrandContact words={words.brand} />
          </div>
        </footer>
        {props.script && <script dangerouslySetInnerHTML={{ __html: props.script }} />}
      </body>
    </html>
  );
}

/** Whether the page has to say that its people and records are made up. */
export const hasMadeUpData = ({ environment }: { environment?: Environment }): boolean =>
  environment !== undefined && isSynthetic(environment);

function englishWords(props: PageProps, planName: string): ShellWords {
  const owner = props.area === 'portal' ? planName : `${planName}. Your records are yours.`;
  return {
    skip: 'Skip to the content',
    site: 'Site',
    signOut: 'Sign out',
    sandbox: 'Sandbox',
    brand: { questions: 'Questions?', website: 'The plan’s website', help: 'Help', privacy: 'Privacy' },
    footer: hasMadeUpData(props) ? 'This is a sandbox: all people and records in it are made up.' : owner,
  };
}

export type Tone = 'neutral' | 'good' | 'warn' | 'bad';

export function Badge({ tone = 'neutral', children }: { tone?: Tone; children?: ComponentChildren }) {
  return <span class={`badge ${tone}`}>{children}</span>;
}
