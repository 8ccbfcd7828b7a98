import type { Environment } from '@payer/smart/environments';
import type { ComponentChildren } from 'preact';
import { contentSecurityPolicy } from '../content-security-policy.js';
import { renderPage } from '../render.js';
import { DefinitionList } from '../display.js';
import { hasMadeUpData, Page } from '../page.js';
import { languages, languageTags, type Texts } from '../texts/texts.js';
import { languageParameter } from './language-switch.js';
import { memberScript } from './member-script.js';

/**
 * The policy of a member's page with forms. The forms redirect to apps, so the policy cannot list their
 * targets.
 */
export const memberPagePolicy = (script = memberScript): string =>
  contentSecurityPolicy({ script, images: 'own' });

/** The policy of pages without a form. */
export const memberMessagePolicy = (): string =>
  contentSecurityPolicy({ script: memberScript, images: 'own', formAction: [] });

export interface MemberPageProps {
  texts: Texts;
  planName: string;
  environment?: Environment;
  title: string;
  signedIn?: { label: string; signOutAction: string };
  /** The page's only script, if it is another one than {@link memberScript}. */
  script?: string;
  /** A page with two columns. */
  isWide?: boolean;
  children?: ComponentChildren;
}

/** The frame of a member's page, with the links to the other languages. */
export function MemberPage(props: MemberPageProps) {
  const { texts, planName, environment, title, signedIn, isWide, script = memberScript, children } = props;
  const others = languageTags.filter((tag) => tag !== texts.language);
  return (
    <Page
      title={title}
      lang={texts.language}
      area={isWide ? 'wide-member' : 'member'}
      planName={planName}
      environment={environment}
      signedIn={signedIn}
      languageLinks={others.map((tag) => ({
        lang: tag,
        label: languages[tag]['language.name'],
        href: `?${languageParameter}=${tag}`,
      }))}
      words={{
        skip: texts.t('shell.skip'),
        site: texts.t('shell.site'),
        signOut: texts.t('shell.signOut'),
        sandbox: texts.t('shell.sandbox'),
        brand: {
          questions: texts.t('brand.questions'),
          website: texts.t('brand.website'),
          help: texts.t('brand.help'),
          privacy: texts.t('brand.privacy'),
        },
        footer: hasMadeUpData(props)
          ? texts.t('shell.footer.sandbox')
          : texts.t('shell.footer', { plan: planName }),
      }}
      script={script}
    >
      {children}
    </Page>
  );
}

/** A member's page about an error that the app's developer must correct, with details for the developer. */
export function renderMemberRefusal(
  page: Omit<MemberPageProps, 'children'>,
  lines: readonly ComponentChildren[],
  details: readonly { term: string; value: ComponentChildren }[],
): string {
  return renderPage(
    <MemberPage {...page}>
      <h1>{page.title}</h1>
      <section class="card">
        {lines.map((line, index) => (
          <p key={index}>{line}</p>
        ))}
      </section>
      <section class="card">
        <h2>{page.texts.t('error.forDeveloper')}</h2>
        <div lang="en">
          <DefinitionList items={details} />
        </div>
      </section>
    </MemberPage>,
  );
}

/** A page about an error: its title, and a paragraph for each line. */
export function renderMemberMessage(
  page: Omit<MemberPageProps, 'children'>,
  ...lines: ComponentChildren[]
): string {
  return renderPage(
    <MemberPage {...page}>
      <h1>{page.title}</h1>
      <section class="card">
        {lines.map((line, index) => (
          <p key={index}>{line}</p>
        ))}
      </section>
    </MemberPage>,
  );
}

/** The page for a failure that no other page explains. */
export function renderMemberFailure(
  page: Omit<MemberPageProps, 'children' | 'title'>,
  { status, detail }: { status: number; detail: string },
): string {
  const { texts } = page;
  const next = texts.t('error.startInApp');
  if (status === 404)
    return renderMemberMessage(
      { ...page, title: texts.t('error.notFound') },
      texts.t('error.notFound.text'),
      next,
    );
  const isOurFault = status >= 500;
  const title = texts.t(isOurFault ? 'error.unavailable' : 'error.failed');
  return renderPage(
    <MemberPage {...page} title={title}>
      <h1>{title}</h1>
      <section class="card">
        <p>{texts.t(isOurFault ? 'error.unavailable.text' : 'error.nothingShared')}</p>
        <p>{isOurFault ? texts.t('error.unavailable.next') : next}</p>
      </section>
      <section class="card">
        <h2>{texts.t('error.forDeveloper')}</h2>
        <dl>
          <dt>{texts.t('error.reason')}</dt>
          <dd lang="en">{detail}</dd>
        </dl>
      </section>
    </MemberPage>,
  );
}
