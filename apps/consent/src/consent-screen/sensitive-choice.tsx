import { isSensitiveKind, sensitiveKinds, type SensitiveKind } from '@payer/smart';
import { Card, type Texts } from '@payer/ui';

/**
 * The sensitive kinds of a form, in the order of the table.
 * @param value the field `sensitive`: absent, one key, or several keys
 * @returns undefined when the form has an unknown key
 */
export function chosenSensitive(value: unknown): SensitiveKind[] | undefined {
  const given: unknown[] = value === undefined ? [] : Array.isArray(value) ? value : [value];
  const isKnown = given.every((key) => typeof key === 'string' && isSensitiveKind(key));
  return isKnown ? sensitiveKinds.filter((kind) => given.includes(kind)) : undefined;
}

/**
 * The choice of sensitive kinds, off until ticked. Every member sees the same boxes, and no number. So the
 * page reveals to nobody whether the member has such records.
 */
export function SensitiveChoice({ texts, chosen }: { texts: Texts; chosen: readonly SensitiveKind[] }) {
  return (
    <Card>
      <fieldset>
        <legend>{texts.t('sensitive.legend')}</legend>
        <p class="muted small">{texts.t('sensitive.hint')}</p>
        {sensitiveKinds.map((kind) => (
          <div class="choice" key={kind}>
            <input
              type="checkbox"
              id={`field-sensitive-${kind}`}
              name="sensitive"
              value={kind}
              checked={chosen.includes(kind)}
            />
            <label for={`field-sensitive-${kind}`}>{texts.t(`sensitive.${kind}`)}</label>
          </div>
        ))}
      </fieldset>
      <p class="muted small">{texts.t('sensitive.limit')}</p>
    </Card>
  );
}

/** The opened sensitive kinds in words, such as "Mental health, HIV". */
export function sensitiveInWords(texts: Texts, opened: readonly string[]): string {
  const names = sensitiveKinds
    .filter((kind) => opened.includes(kind))
    .map((kind) => texts.t(`sensitive.${kind}`));
  return names.length > 0 ? names.join(', ') : texts.t('sensitive.none');
}
