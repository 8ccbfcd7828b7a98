import type { Environment } from '@payer/smart';
import { Button, Card, Form, MemberPage, renderPage, type Texts } from '@payer/ui';

/**
 * The page for a person whom the provider knows but the roster does not. No data is shared, and the app gets
 * an error.
 */
export function renderNotCoveredPage(props: {
  texts: Texts;
  planName: string;
  /** Contact of the health plan, such as a telephone number. */
  contact: string | undefined;
  environment: Environment;
  leaveAction: string;
  hasApp: boolean;
}): string {
  const { texts, planName, contact, environment, leaveAction, hasApp } = props;
  const title = texts.t('signIn.notCovered');
  return renderPage(
    <MemberPage texts={texts} title={title} planName={planName} environment={environment}>
      <h1>{title}</h1>
      <Card>
        <p>{texts.t('signIn.notCovered.text', { plan: planName })}</p>
        <p>
          {texts.t('signIn.notCovered.call', { plan: planName })}{' '}
          {contact && texts.t('signIn.notCovered.contact', { contact })}
        </p>
        {hasApp && (
          <Form action={leaveAction}>
            <Button variant="secondary">{texts.t('signIn.notCovered.back')}</Button>
          </Form>
        )}
      </Card>
    </MemberPage>,
  );
}
