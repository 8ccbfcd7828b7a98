import { Button, Card, Form, TextField } from '@payer/ui';
import { CodeField, codeHint, Problem, renderFrame, type SecondFactorPage } from './page-frame.js';
import { PasskeyCard } from './passkey-card.js';
import type { SecondFactorState } from '../second-factor/second-factors.js';

/** Asks who it is before the settings open: the password, and the second factor of a member who has one. */
export function renderConfirmPage(
  props: SecondFactorPage & { action: string; state?: SecondFactorState; problem?: string },
): string {
  const { texts, action, state, problem } = props;
  return renderFrame(
    props,
    'secondFactor.confirm',
    <>
      <p class="lead">{texts.t('secondFactor.confirm.text')}</p>
      <Problem title={texts.t('secondFactor.confirm.problem')} problem={problem} field="password" />
      {state?.hasPasskeys && <PasskeyCard texts={texts} action={action} options={`${action}/options`} />}
      <Card title={state?.hasPasskeys ? texts.t('secondFactor.confirm.or') : undefined}>
        <Form action={action}>
          <TextField
            label={texts.t('signIn.password')}
            name="password"
            type="password"
            autocomplete="current-password"
            required
          />
          {state && <CodeField texts={texts} hint={codeHint(texts, state.hasCodes)} />}
          <Button variant={state?.hasPasskeys ? 'secondary' : 'primary'}>{texts.t('code.button')}</Button>
        </Form>
      </Card>
    </>,
  );
}
