import { Table } from '@payer/ui';
import type { ReviewedDifference } from '../apps/reviewed-values.js';

const labels: Record<ReviewedDifference['field'], string> = {
  client_name: 'Name',
  organization: 'Organization',
  redirect_hosts: 'New redirect hosts',
  policy_uri: 'Privacy policy',
  tos_uri: 'Terms of use',
};

/** The reviewed value and the changed value of each field. */
export function ChangeList({ changes }: { changes: readonly ReviewedDifference[] }) {
  return (
    <Table
      head={['Field', 'Reviewed', 'Changed to']}
      rows={changes.map(({ field, from, to }) => [
        labels[field],
        <bdi>{from ?? 'none'}</bdi>,
        <bdi>{to ?? 'none'}</bdi>,
      ])}
    />
  );
}
