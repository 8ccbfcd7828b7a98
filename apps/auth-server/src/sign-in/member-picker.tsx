import { Form, type Texts } from '@payer/ui';
import type { TestMember } from '../members/members.js';

/** Members with more than a number of claims show something that few others do. They come first. */
const isSpecial = ({ exercises }: TestMember) => exercises.length > 1;

/**
 * The synthetic members of the sandbox, each a card that signs in, with the cases that its data exercises.
 */
export function MemberPicker(props: { texts: Texts; members: readonly TestMember[]; action: string }) {
  const { texts, members, action } = props;
  const ordered = [...members].sort((one, other) => Number(isSpecial(other)) - Number(isSpecial(one)));
  return (
    <section aria-labelledby="test-members">
      <h2 id="test-members">{texts.t('signIn.testMembers')}</h2>
      <p>{texts.t('signIn.testMembers.text')}</p>
      <Form action={action}>
        <ul class="picker">
          {ordered.map(({ username, name, exercises }, index) => (
            <li key={username}>
              <button
                class="button link"
                name="test_member"
                value={username}
                aria-describedby={exercises.length > 0 ? `exercises-${index}` : undefined}
              >
                {name}
              </button>
              {exercises.length > 0 && (
                // The words come with the data of the sandbox, in the language of its developers.
                <p id={`exercises-${index}`} class="muted small" lang="en">
                  {exercises.join(' · ')}
                </p>
              )}
            </li>
          ))}
        </ul>
      </Form>
    </section>
  );
}
