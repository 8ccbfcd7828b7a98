import type { ComponentChildren } from 'preact';

/** The sentences with which the page's script answers the person. */
export interface PasskeyWords {
  /** The browser has no passkeys. */
  unsupported: string;
  /** The person has canceled, or the browser has found no passkey. */
  canceled: string;
  /** The device has a passkey of this account already. */
  known: string;
  /** The service did not answer. */
  failed: string;
}

/**
 * A form that creates or uses a passkey. Browsers do so by a script only: a page with this form has
 * `passkeyScript` in its script.
 */
export function PasskeyForm(props: {
  act: 'create' | 'get';
  action: string;
  /** Address of the options for the browser. It answers a POST in JSON; its errors have a `detail`. */
  options: string;
  words: PasskeyWords;
  class?: string;
  /** Whether the form is invisible without its script, because the page has another way. */
  isHiddenWithoutScript?: boolean;
  children?: ComponentChildren;
}) {
  const { act, action, options, words, isHiddenWithoutScript, children } = props;
  return (
    <form
      action={action}
      method="post"
      class={props.class}
      novalidate
      hidden={isHiddenWithoutScript}
      data-passkey={act}
      data-options={options}
      data-unsupported={words.unsupported}
      data-canceled={words.canceled}
      data-known={words.known}
      data-failed={words.failed}
    >
      <input type="hidden" name="response" value="" />
      {children}
    </form>
  );
}
