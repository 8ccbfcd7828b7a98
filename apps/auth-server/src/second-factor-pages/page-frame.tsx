import type { Environment } from '@payer/smart';
import {
  ErrorSummary,
  MemberPage,
  memberPasskeyScript,
  renderPage,
  TextField,
  type PasskeyWords,
  type TextKey,
  type Texts,
} from '@payer/ui';
import type { ComponentChildren } from 'preact';

/** Common values of these pages. */
export interface SecondFactorPage {
  texts: Texts;
  planName: string;
  environment: Environment;
}

export function renderFrame(
  { texts, planName, environment }: SecondFactorPage,
  title: TextKey,
  children: ComponentChildren,
): string {
  return renderPage(
    <MemberPage
      texts={texts}
      title={texts.t(title)}
      planName={planName}
      environment={environment}
      script={memberPasskeyScript}
    >
      <h1>{texts.t(title)}</h1>
      {children}
    </MemberPage>,
  );
}

/** The problem of a form. Its link leads to the field, if there is one. */
export function Problem(props: { title: string; problem?: string; field?: string }) {
  const { title, problem, field } = props;
  return problem ? <ErrorSummary title={title} errors={[{ field, message: problem }]} /> : null;
}

export function CodeField({ texts, hint }: { texts: Texts; hint: string }) {
  return (
    <TextField
      label={texts.t('code.label')}
      hint={hint}
      name="code"
      autocomplete="one-time-code"
      spellcheck={false}
      required
    />
  );
}

/** Which codes a member may type at a sign-in. */
export const codeHint = (texts: Texts, hasCodes: boolean): string =>
  texts.t(hasCodes ? 'code.hint' : 'code.hint.recovery');

export const passkeyWords = (texts: Texts): PasskeyWords => ({
  unsupported: texts.t('passkey.unsupported'),
  canceled: texts.t('passkey.canceled'),
  known: texts.t('passkey.known'),
  failed: texts.t('passkey.failed'),
});
