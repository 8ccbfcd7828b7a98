import type { ComponentChildren } from 'preact';
import { Button, Form } from '../forms.js';

/**
 * A button that asks for confirmation before its form is sent (HTML popover). It needs no script. A browser
 * without popovers shows the question in place of the button.
 *
 * The question precedes the button in the document, so that a search through the document finds the open
 * question first.
 */
export function ConfirmButton(props: {
  /** Unique on the page. */
  id: string;
  action: string;
  /** Hidden fields of the form. */
  fields: Readonly<Record<string, string>>;
  opener: ComponentChildren;
  question: ComponentChildren;
  explanation: ComponentChildren;
  yes: ComponentChildren;
  no: ComponentChildren;
}) {
  const { id, action, fields, opener, question, explanation, yes, no } = props;
  return (
    <>
      <div class="confirmation" id={id} popover="auto" role="dialog" aria-labelledby={`${id}-question`}>
        <h2 id={`${id}-question`}>{question}</h2>
        <p>{explanation}</p>
        <Form action={action}>
          {Object.entries(fields).map(([name, value]) => (
            <input key={name} type="hidden" name={name} value={value} />
          ))}
          <div class="choices">
            <button class="button secondary" type="button" popovertarget={id} popovertargetaction="hide">
              {no}
            </button>
            <Button variant="danger">{yes}</Button>
          </div>
        </Form>
      </div>
      <button class="button danger" type="button" popovertarget={id} popovertargetaction="show">
        {opener}
      </button>
    </>
  );
}
