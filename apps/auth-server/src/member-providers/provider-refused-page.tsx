import type { Environment } from '@payer/smart';
import { Button, Card, Form, MemberPage, renderPage, type Texts } from '@payer/ui';

/**
 * The page after a provider's answer that was refused: an error of the provider, or an answer that is not
 * valid. The member can try again, or return to the app, which then gets an error.
 */
export function renderProviderRefusedPage(props: {
  texts: Texts;
  planName: string;
  environment: Environment;
  leaveAction: string;
  hasApp: boolean;
  /** Address of the page where the member signs in. */
  signInPage: string;
}): string {
  const { texts, planName, environment, leaveAction, hasApp, signInPage } = props;
  const title = texts.t('signIn.problem');
  return renderPage(
    <MemberPage texts={texts} title={title} planName={planName} environment={environment}>
      <h1>{title}</h1>
      <Card>
        <p>{texts.t('signIn.provider.problem')}</p>
        <div class="actions">
          <a class="button primary" href={signInPage}>
            {texts.t('signIn.provider.again')}
          </a>
          {hasApp && (
            <Form action={leaveAction}>
              <Button variant="secondary">{texts.t('signIn.notCovered.back')}</Button>
            </Form>
          )}
        </div>
      </Card>
    </MemberPage>,
  );
}
