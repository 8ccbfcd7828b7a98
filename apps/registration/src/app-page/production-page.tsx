import { Badge, Button, Card, Form, Notice, TextArea, Time, type Tone } from '@payer/ui';
import { mayDevelop } from '../apps/app-access.js';
import { isOpenByApproval } from '../apps/app-state.js';
import type { AppView } from '../apps/app-view.js';
import type { RefusedChange } from '../apps/pending-change.js';
import { errorOf } from '../http/portal-page.js';
import { fieldsOfAnswers, type AnswerFields } from '../production-requests/answers-form.js';
import {
  editableStatuses,
  openStatuses,
  statusTitles,
  type ProductionRequestStatus,
} from '../request-record/production-request.entity.js';
import type { RequestWithHistory } from '../request-record/production-request-view.js';
import { answerLabel, type Answers } from '../request-record/questions.js';
import { RequestTimeline } from '../production-requests/request-timeline.js';
import { securityRisks } from '../request-record/security-risks.js';
import { ChangeList } from '../reviewed-changes/change-list.js';
import { AppFrame, type AppFrameProps } from './app-frame.js';
import { AttestationFields, ProductionForm } from './production-form.js';
import { tabAddress } from './tabs.js';

export interface ProductionPageProps extends AppFrameProps {
  request: RequestWithHistory | null;
  /** Answers for the form of a first request. */
  suggested: Answers;
  refusedChange?: RefusedChange;
  typed?: AnswerFields;
}

const tones: Record<ProductionRequestStatus, Tone> = {
  draft: 'neutral',
  pending: 'warn',
  changes_requested: 'warn',
  approved: 'good',
  rejected: 'bad',
  withdrawn: 'neutral',
};

/** Production access of an app: state, checklist, form, history and conversation. */
export function ProductionPage(props: ProductionPageProps) {
  const { app, request, suggested, refusedChange, typed, errors = [], actor } = props;
  const isDeveloper = mayDevelop(actor, app);
  const at = tabAddress(app.client_id, 'production');
  const isForm = isDeveloper && mayEdit(app, request);
  const isOpen = request !== null && openStatuses.includes(request.status);
  return (
    <AppFrame tab="production" errorTitle="Please check your answers" {...props}>
      <Card title="Production access">
        <p class="row">
          {request && <Badge tone={tones[request.status]}>{statusTitles[request.status]}</Badge>}
          <span>
            <ProductionState app={app} request={request} isDeveloper={isDeveloper} />
          </span>
        </p>
        {request?.note && (
          <Notice tone={tones[request.status]} title="The platform team’s note">
            {request.reason && <p>Reason: {securityRisks[request.reason].title}</p>}
            <p class="words">{request.note}</p>
          </Notice>
        )}
        {isForm && request && errors.length === 0 && editableStatuses.includes(request.status) && (
          <Checklist request={request} />
        )}
        {isDeveloper && isOpen && (
          <Form action={`${at}/withdraw`}>
            <Button variant="secondary">
              {request.status === 'draft' ? 'Discard the draft' : 'Withdraw the request'}
            </Button>
          </Form>
        )}
        {actor.role === 'platform' && request && (
          <a href={`/platform/requests/${request.id}`}>Review the request</a>
        )}
      </Card>
      {isDeveloper && request?.can_appeal && app.status === 'active' && (
        <Card title="Appeal">
          <p>
            You may appeal once. Another reviewer of the platform team then decides, where the team has one.
          </p>
          <Form action={`${at}/appeal`} class="column">
            <TextArea label="Why the risk does not hold" name="text" id="appeal" rows={3} />
            <Button>Appeal</Button>
          </Form>
        </Card>
      )}
      <Changes app={app} refused={refusedChange} />
      {isForm && (
        <ProductionForm
          action={at}
          values={typed ?? fieldsOfAnswers(request?.answers ?? suggested)}
          errors={errors}
          isAgain={(request?.submissions ?? 0) > 0}
        />
      )}
      {isDeveloper && isOpenByApproval(app) && (
        <Card title="Attestation">
          <Form action={`${at}/attestation`} class="column">
            <AttestationFields
              values={
                typed ?? { ...fieldsOfAnswers(request?.answers ?? {}), attestation: String(app.attested) }
              }
              errors={errors}
            />
            <Button variant="secondary">Save the attestation</Button>
          </Form>
        </Card>
      )}
      {request && <RequestTimeline title="History and conversation" history={request.history} />}
      {isDeveloper && request && request.status !== 'draft' && (
        <Card title="Write to the platform team">
          <Form action={`${at}/messages`} class="column">
            <TextArea label="Message" name="text" rows={3} error={errorOf(errors, 'text')} />
            <Button variant="secondary">Send</Button>
          </Form>
        </Card>
      )}
    </AppFrame>
  );
}

function mayEdit(app: AppView, request: RequestWithHistory | null): boolean {
  return (
    app.plan !== null && app.status === 'active' && !isOpenByApproval(app) && request?.status !== 'pending'
  );
}

function Checklist({ request }: { request: RequestWithHistory }) {
  if (request.missing.length === 0) return <p>Every needed question has an answer.</p>;
  return (
    <>
      <h3>Still missing</h3>
      <ul>
        {request.missing.map((name) => (
          <li key={name}>
            <a href={`#field-${name}`}>{answerLabel(name)}</a>
          </li>
        ))}
      </ul>
    </>
  );
}

function Changes({ app, refused }: { app: AppView; refused?: RefusedChange }) {
  if (app.pending_change)
    return (
      <Card title="Changes that wait for review">
        <p>
          They have applied in the sandbox since <Time iso={app.pending_change.created_at} withTime />.
          Production keeps the reviewed values until the platform team has approved the changes.
        </p>
        <ChangeList changes={app.pending_change.changes} />
      </Card>
    );
  if (!refused) return null;
  return (
    <Card title="Changes that the platform team refused">
      <p>They apply in the sandbox only. Change the app again to have it reviewed again.</p>
      <ChangeList changes={refused.changes} />
      {refused.note && <p class="words">{refused.note}</p>}
    </Card>
  );
}

function ProductionState(props: { app: AppView; request: RequestWithHistory | null; isDeveloper: boolean }) {
  const { app, request, isDeveloper } = props;
  if (isOpenByApproval(app))
    return <>Production is open. The same credentials work at the production addresses.</>;
  if (app.status === 'suspended') return <>Production and sandbox are closed while the app is suspended.</>;
  if (!isDeveloper && !request) return <>The developer has not asked for production.</>;
  if (!app.plan) return <>Choose a plan on the Overview first. The sandbox then opens.</>;
  switch (request?.status) {
    case 'pending':
      return (
        <>
          The request of <Time iso={request.submitted_at ?? request.created_at} /> is waiting for review.
        </>
      );
    case 'draft':
      return <>The draft is saved. Submit it when the checklist is empty.</>;
    case 'changes_requested':
      return <>Change the answers that the note names, then submit again.</>;
    case 'rejected':
      return <>The request was not approved. Appeal, or change the app and submit a new request.</>;
    default:
      return (
        <>Ask for production when your app works in the sandbox. The platform team reviews each request.</>
      );
  }
}
