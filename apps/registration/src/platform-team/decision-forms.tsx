import { Button, Card, Form, Select, TextArea, type FieldError } from '@payer/ui';
import { errorOf } from '../http/portal-page.js';
import { securityRisks, securityRiskKeys } from '../request-record/security-risks.js';

/** A form of a decision that was refused, and its typed fields. */
export interface RefusedDecision {
  decision: string;
  errors: FieldError[];
  note?: string;
  reason?: string;
}

/** The errors with the field of the form that was sent: the page has several notes. */
export const summaryOf = ({ decision, errors }: RefusedDecision): FieldError[] =>
  errors.map((error) => (error.field === 'note' ? { ...error, field: `note-${decision}` } : error));

interface DecisionProps {
  action: string;
  refused?: RefusedDecision;
  /** Hidden fields of the approval. */
  approval?: Record<string, string>;
  /** Whether the developer can be asked for changes. */
  canAskBack: boolean;
  approveLabel: string;
}

/** The decisions of a reviewer, one form each, so that no button depends on another form's field. */
export function DecisionForms({ action, refused, approval = {}, canAskBack, approveLabel }: DecisionProps) {
  const of = (decision: string) => (refused?.decision === decision ? refused : undefined);
  const note = (decision: string, label: string, hint: string) => (
    <TextArea
      label={label}
      name="note"
      id={`note-${decision}`}
      rows={3}
      hint={hint}
      value={of(decision)?.note}
      error={errorOf(of(decision)?.errors ?? [], 'note')}
    />
  );
  return (
    <Card title="Decide">
      <Form action={action} class="column">
        {Object.entries(approval).map(([name, value]) => (
          <input type="hidden" name={name} value={value} />
        ))}
        {note('approve', 'Note to the developer (optional)', 'The developer reads it with the approval.')}
        <Button name="decision" value="approve">
          {approveLabel}
        </Button>
      </Form>
      {canAskBack && (
        <details open={of('ask-back') !== undefined}>
          <summary>Ask for changes</summary>
          <Form action={action} class="column">
            {note('ask-back', 'What to change', 'The request goes back to the developer.')}
            <Button variant="secondary" name="decision" value="ask-back">
              Ask for changes
            </Button>
          </Form>
        </details>
      )}
      <details open={of('reject') !== undefined}>
        <summary>Reject for a security risk</summary>
        <Form action={action} class="column">
          <p>
            The rule allows a refusal only for a risk to the security of members’ data, by criteria that are
            the same for every app (42 CFR 422.119(e)).
          </p>
          <Select
            label="Risk"
            name="reason"
            value={of('reject')?.reason ?? ''}
            error={errorOf(of('reject')?.errors ?? [], 'reason')}
            options={[
              { value: '', label: 'Choose the risk' },
              ...securityRiskKeys.map((value) => ({ value, label: securityRisks[value].title })),
            ]}
          />
          <dl>
            {securityRiskKeys.map((key) => [
              <dt>{securityRisks[key].title}</dt>,
              <dd>{securityRisks[key].meaning}</dd>,
            ])}
          </dl>
          {note('reject', 'Explanation of the risk', 'The developer reads it, and may appeal once.')}
          <Button variant="danger" name="decision" value="reject">
            Reject
          </Button>
        </Form>
      </details>
    </Card>
  );
}
