import { errorPage, type Environment } from '@payer/smart';
import { renderMemberRefusal, type Texts } from '@payer/ui';

/**
 * The page for a request that cannot be accepted and must not return to the app. It has plain words for the
 * member, and the details that the app's developer needs.
 */
export function renderRefusedPage(props: {
  texts: Texts;
  planName: string;
  environment: Environment;
  portal: string;
  error: string;
  reason: string;
  redirectUri?: string;
  clientId?: string;
  /** Whether the app asked for a sign-out. */
  isSignOut?: boolean;
}): string {
  const { redirectUri, clientId, isSignOut = false } = props;
  const uriName = isSignOut ? 'post_logout_redirect_uri' : 'redirect_uri';
  const { texts, planName, environment } = props;
  const [title, text] = isSignOut
    ? (['signOut.refused', 'signOut.refused.text'] as const)
    : (['error.refused', 'error.refused.text'] as const);
  return renderMemberRefusal(
    { texts, planName, environment, title: texts.t(title) },
    [texts.t(text), texts.t('error.refused.next')],
    [
      {
        term: 'Error',
        value: (
          <code>
            <a href={errorPage(props.portal, props.error)}>{props.error}</a>
          </code>
        ),
      },
      { term: texts.t('error.reason'), value: props.reason },
      ...(redirectUri ? [{ term: `${uriName} sent`, value: <code>{redirectUri}</code> }] : []),
      ...(clientId ? [{ term: 'client_id sent', value: <code>{clientId}</code> }] : []),
      {
        term: 'Where to look',
        value: (
          <>
            The{' '}
            <a href={clientId ? `${props.portal}/apps/${encodeURIComponent(clientId)}` : `${props.portal}/`}>
              developer portal
            </a>{' '}
            lists your app's redirect URIs and its failed attempts
          </>
        ),
      },
    ],
  );
}
