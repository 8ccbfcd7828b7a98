import type { Environment } from '@payer/smart';
import {
  AppHeading,
  Button,
  Card,
  ErrorSummary,
  Form,
  MemberPage,
  renderPage,
  type TextKey,
  type Texts,
} from '@payer/ui';
import type { Member } from '../members/members.js';
import type { Representation } from '../representation/representations.js';

export interface ChoosePatientPageProps {
  texts: Texts;
  planName: string;
  environment: Environment;
  app: { client_name: string; organization: string };
  member: Member;
  others: readonly Representation[];
  cancelAction: string;
  problem?: TextKey;
}

/** The page on which a member chooses whose records an app shall see. Own records come first. */
function ChoosePatientPage(props: ChoosePatientPageProps) {
  const { texts, planName, environment, app, member, others, cancelAction, problem } = props;
  const title = texts.t('choose.title');
  return (
    <MemberPage texts={texts} title={title} planName={planName} environment={environment}>
      <h1>{title}</h1>
      <Card>
        <AppHeading texts={texts} name={app.client_name} organization={app.organization} />
      </Card>
      {problem && <ErrorSummary title={texts.t('choose.problem')} errors={[{ message: texts.t(problem) }]} />}
      <p class="lead">{texts.t('choose.lead')}</p>
      <Form action="">
        {member.patient && (
          <Card title={member.name}>
            <p>{texts.t('choose.own')}</p>
            <Button variant="secondary" name="patient" value={member.patient}>
              {texts.t('choose.button.own')}
            </Button>
          </Card>
        )}
        {others.map(({ patient, patient_name: name, relationship }) => (
          <Card title={name} key={patient}>
            <p>{texts.rich(`represent.${relationship}`, { patient: <bdi>{name}</bdi> })}</p>
            <Button variant="secondary" name="patient" value={patient}>
              {texts.rich('choose.button.other', { patient: <bdi>{name}</bdi> })}
            </Button>
          </Card>
        ))}
      </Form>
      <Form action={cancelAction}>
        <button class="button link">{texts.t('signIn.cancel')}</button>
      </Form>
    </MemberPage>
  );
}

export function renderChoosePatientPage(props: ChoosePatientPageProps): string {
  return renderPage(<ChoosePatientPage {...props} />);
}
