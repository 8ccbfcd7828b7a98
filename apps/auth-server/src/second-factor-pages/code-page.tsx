import { Button, Card, Form } from '@payer/ui';
import { CodeField, codeHint, Problem, renderFrame, type SecondFactorPage } from './page-frame.js';
import { PasskeyCard } from './passkey-card.js';
import type { SecondFactorState } from '../second-factor/second-factors.js';

/** Asks for the second factor after the password: a passkey or a code. */
export function renderCodePage(
  props: SecondFactorPage & {
    state: Pick<SecondFactorState, 'hasCodes' | 'hasPasskeys'>;
    /** Path of this step. */
    action: string;
    /** Returns to the app. Undefined for our own connected-apps page. */
    cancelAction: string | undefined;
    problem?: string;
  },
): string {
  const { texts, state, action, cancelAction, problem } = props;
  return renderFrame(
    props,
    state.hasPasskeys ? 'code.step' : 'code.title',
    <>
      <Problem title={texts.t('signIn.problem')} problem={problem} field="code" />
      {state.hasPasskeys && <PasskeyCard texts={texts} action={action} options={`${action}/options`} />}
      <Card title={state.hasPasskeys ? texts.t('code.or') : undefined}>
        <Form action={action}>
          <CodeField texts={texts} hint={codeHint(texts, state.hasCodes)} />
          <Button variant={state.hasPasskeys ? 'secondary' : 'primary'}>{texts.t('code.button')}</Button>
        </Form>
      </Card>
      {cancelAction && (
        <Form action={cancelAction}>
          <button class="button link">{texts.t('signIn.cancel')}</button>
        </Form>
      )}
    </>,
  );
}
