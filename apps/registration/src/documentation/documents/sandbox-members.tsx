import { Table } from '@payer/ui';
import type { Document } from './document.js';
import { sandboxCases, sandboxMembers } from './sandbox-members.data.js';

export const sandboxMembersDocument: Document = {
  slug: 'sandbox-members',
  title: 'Sandbox members',
  summary: 'Synthetic members with their sign-ins, and what each of them exercises.',
  body: () => (
    <>
      <p>
        The sandbox’s members are synthetic: nobody among them exists. Each can sign in at the sandbox’s
        sign-in page, and nowhere else.
      </p>
      <Table
        head={['Member', 'Born', 'User name', 'Password', 'Patient id', 'Claims']}
        rows={sandboxMembers.map((member) => [
          member.name,
          member.born,
          <code>{member.username}</code>,
          <code>{member.password}</code>,
          <code>{member.patient}</code>,
          String(member.claims),
        ])}
      />
      <h2>What each exercises</h2>
      <Table
        head={['Case', 'Search', 'Members']}
        rows={sandboxCases.map(({ what, search }) => [
          what,
          <code>{search}</code>,
          sandboxMembers
            .filter(({ exercises }) => (exercises as readonly string[]).includes(what))
            .map(({ number }) => number)
            .join(', '),
        ])}
      />
      <p>The numbers are those of the user names.</p>
    </>
  ),
};
