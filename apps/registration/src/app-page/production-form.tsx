import { Button, Card, Checkbox, Form, RadioGroup, TextArea, TextField, type FieldError } from '@payer/ui';
import { errorOf } from '../http/portal-page.js';
import type { AnswerFields } from '../production-requests/answers-form.js';
import { attestationStatements } from '../production-requests/attestation.js';
import { questionGroups, type Question } from '../request-record/questions.js';

interface FormProps {
  action: string;
  values: AnswerFields;
  errors: readonly FieldError[];
  /** Whether the request was submitted before. */
  isAgain: boolean;
}

/** The form of a production request: every question, the attestation, and two ways to send it. */
export function ProductionForm({ action, values, errors, isAgain }: FormProps) {
  return (
    <Form action={action} class="column">
      {questionGroups.map((group) => (
        <Card key={group.title} title={group.title}>
          {group.questions.map((question: Question) => (
            <QuestionField key={question.name} question={question} values={values} errors={errors} />
          ))}
        </Card>
      ))}
      <Card title="Attestation">
        <AttestationFields values={values} errors={errors} />
      </Card>
      <div class="row">
        <Button name="act" value="submit">
          {isAgain ? 'Submit again' : 'Submit to the platform team'}
        </Button>
        <Button variant="secondary" name="act" value="save">
          Save as draft
        </Button>
      </div>
    </Form>
  );
}

function QuestionField(props: { question: Question; values: AnswerFields; errors: readonly FieldError[] }) {
  const { question, values, errors } = props;
  const { name, label, hint, kind, isNeeded, options = [] } = question;
  const common = {
    name,
    label: isNeeded ? label : `${label} (optional)`,
    hint,
    value: values[name],
    error: errorOf(errors, name),
  };
  switch (kind) {
    case 'text':
      return <TextArea {...common} rows={3} />;
    case 'emails':
      return <TextArea {...common} rows={2} check="lines" />;
    case 'choice':
      return <RadioGroup {...common} options={options} />;
    case 'url':
      return <TextField {...common} type="url" check="value" />;
    case 'email':
      return <TextField {...common} type="email" check="value" />;
    case 'line':
      return <TextField {...common} />;
  }
}

/** The statements with one box for all of them. */
export function AttestationFields({
  values,
  errors,
}: {
  values: AnswerFields;
  errors: readonly FieldError[];
}) {
  return (
    <>
      <p>
        The attestation is voluntary. Without it, the consent page tells members that the developer has not
        given it. The decision never depends on it.
      </p>
      <ul>
        {attestationStatements.map((statement) => (
          <li key={statement}>{statement}</li>
        ))}
      </ul>
      <Checkbox
        label="I attest that every statement is true for this app"
        name="attestation"
        checked={values.attestation === 'true'}
      />
      <TextField
        label="Name and position (optional)"
        name="attested_by"
        value={values.attested_by}
        error={errorOf(errors, 'attested_by')}
        hint="Of the person who answers for the attestation."
      />
    </>
  );
}
