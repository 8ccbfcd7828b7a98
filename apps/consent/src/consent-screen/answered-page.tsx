import type { Environment } from '@payer/smart';
import { ErrorPage, renderPage } from '@payer/ui';

/** Shown for a question that has its answer: nobody answers twice, and what was answered is said. */
export function renderAnsweredPage(props: {
  planName: string;
  environment: Environment;
  appName: string;
  isAllowed: boolean;
  managementUrl: string;
}): string {
  const { appName, isAllowed, managementUrl, ...page } = props;
  return renderPage(
    <ErrorPage
      {...page}
      title="You have answered already"
      area="member"
      whatHappened={
        <>
          You said {isAllowed ? 'yes' : 'no'} to <bdi>{appName}</bdi>.{' '}
          {isAllowed ? 'It can read your records until you disconnect it.' : 'Nothing was shared.'}
        </>
      }
      whatToDo={
        isAllowed ? (
          <>
            Disconnect it at <a href={managementUrl}>your connected apps</a>.
          </>
        ) : (
          'To connect it after all, start again in the app.'
        )
      }
    />,
  );
}
