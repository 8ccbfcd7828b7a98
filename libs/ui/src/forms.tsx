import type { ComponentChildren } from 'preact';

export interface FieldError {
  /** Name of the field; undefined when the error concerns the whole form. */
  field?: string;
  message: string;
}

/** A form of our own pages; POST by default. */
export function Form(props: {
  action: string;
  method?: 'get' | 'post';
  class?: string;
  children?: ComponentChildren;
}) {
  return (
    <form action={props.action} method={props.method ?? 'post'} class={props.class} novalidate>
      {props.children}
    </form>
  );
}

interface FieldProps {
  label: string;
  name: string;
  /** Distinguishes this field when several forms of a page have a field of this name. */
  id?: string;
  value?: string;
  error?: string;
  hint?: string;
  required?: boolean;
  /** The portal's script checks the field during typing: one value, or one value per line. */
  check?: 'value' | 'lines';
}

const idOf = (name: string) => `field-${name.replace(/[^\w-]/g, '-')}`;

function describedBy(props: FieldProps): string | undefined {
  const { hint, error } = props;
  const id = idOf(props.id ?? props.name);
  return [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(' ') || undefined;
}

function Field(props: FieldProps & { children?: ComponentChildren }) {
  const id = idOf(props.id ?? props.name);
  return (
    <div class="field">
      <label for={id}>{props.label}</label>
      {props.hint && (
        <p class="hint" id={`${id}-hint`}>
          {props.hint}
        </p>
      )}
      {props.error && (
        <p class="field-error" id={`${id}-error`}>
          {props.error}
        </p>
      )}
      {props.children}
    </div>
  );
}

const common = (props: FieldProps) => ({
  id: idOf(props.id ?? props.name),
  name: props.name,
  required: props.required,
  'data-check': props.check,
  'aria-invalid': props.error ? ('true' as const) : undefined,
  'aria-describedby': describedBy(props),
});

export function TextField(
  props: FieldProps & {
    type?: 'text' | 'email' | 'password' | 'url' | 'search';
    autocomplete?: string;
    autofocus?: boolean;
    placeholder?: string;
    spellcheck?: boolean;
  },
) {
  return (
    <Field {...props}>
      <input
        {...common(props)}
        type={props.type ?? 'text'}
        // A password is never written back into a page, where a cache or a screenshot could keep it.
        value={props.type === 'password' ? undefined : props.value}
        autocomplete={props.autocomplete}
        autofocus={props.autofocus}
        placeholder={props.placeholder}
        spellcheck={props.spellcheck}
        autocapitalize={props.type === 'password' || props.spellcheck === false ? 'none' : undefined}
      />
    </Field>
  );
}

export function TextArea(props: FieldProps & { rows?: number }) {
  return (
    <Field {...props}>
      <textarea {...common(props)} rows={props.rows ?? 4}>
        {props.value}
      </textarea>
    </Field>
  );
}

export interface Option {
  value: string;
  label: string;
  hint?: string;
}

export function Select(props: FieldProps & { options: readonly Option[] }) {
  return (
    <Field {...props}>
      <select {...common(props)}>
        {props.options.map((option) => (
          <option key={option.value} value={option.value} selected={option.value === props.value}>
            {option.label}
          </option>
        ))}
      </select>
    </Field>
  );
}

export function RadioGroup(props: FieldProps & { options: readonly Option[] }) {
  return (
    <fieldset aria-describedby={describedBy(props)}>
      <legend>{props.label}</legend>
      {props.hint && (
        <p class="hint" id={`${idOf(props.name)}-hint`}>
          {props.hint}
        </p>
      )}
      {props.error && (
        <p class="field-error" id={`${idOf(props.name)}-error`}>
          {props.error}
        </p>
      )}
      {props.options.map((option, index) => {
        // The error summary links to the field's id, which the first choice has. Numbers distinguish the
        // other choices.
        const id = index === 0 ? idOf(props.name) : `${idOf(props.name)}-${index}`;
        return (
          <div class="choice" key={option.value}>
            <input
              type="radio"
              id={id}
              name={props.name}
              value={option.value}
              checked={option.value === props.value}
              required={props.required}
            />
            <label for={id}>
              {option.label}
              {option.hint && <span class="hint"> {option.hint}</span>}
            </label>
          </div>
        );
      })}
    </fieldset>
  );
}

export function Checkbox(props: FieldProps & { checked?: boolean }) {
  const id = idOf(props.name);
  return (
    <>
      {props.error && (
        <p class="field-error" id={`${id}-error`}>
          {props.error}
        </p>
      )}
      <div class="choice">
        <input {...common(props)} type="checkbox" value={props.value ?? 'true'} checked={props.checked} />
        <label for={id}>
          {props.label}
          {props.hint && (
            <span class="hint" id={`${id}-hint`}>
              {' '}
              {props.hint}
            </span>
          )}
        </label>
      </div>
    </>
  );
}

export function Button(props: {
  variant?: 'primary' | 'secondary' | 'danger';
  name?: string;
  value?: string;
  formaction?: string;
  /** Id of the element that describes the button (`aria-describedby`). */
  describedBy?: string;
  children?: ComponentChildren;
}) {
  const { variant = 'primary', name, value, formaction, describedBy, children } = props;
  return (
    <button
      class={`button ${variant}`}
      type="submit"
      name={name}
      value={value}
      formaction={formaction}
      aria-describedby={describedBy}
    >
      {children}
    </button>
  );
}

/** Fields side by side when the width allows it. */
export function FieldGrid({ children }: { children: ComponentChildren }) {
  return <div class="field-grid">{children}</div>;
}

/** The errors of a form, each linked to its field. */
export function ErrorSummary({ errors, title }: { errors: readonly FieldError[]; title?: string }) {
  if (errors.length === 0) return null;
  return (
    <div class="notice bad" role="alert" tabIndex={-1}>
      <h2>{title ?? 'Please check what you entered'}</h2>
      <ul>
        {errors.map((error) => (
          <li key={`${error.field}${error.message}`}>
            {error.field ? <a href={`#${idOf(error.field)}`}>{error.message}</a> : error.message}
          </li>
        ))}
      </ul>
    </div>
  );
}
