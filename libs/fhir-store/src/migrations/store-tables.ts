/** The tables of the store. The loader writes them, and the API only reads them. */
export const storeTables = [
  'member_resource',
  'member_reference',
  'shared_resource',
  'shared_reference',
  'shared_string',
  'waiting_resource',
  'unresolved_resource',
  'owner_reference',
  'label_reference',
  'deleted_resource',
  'binary_resource',
  'binary_part',
  'load_run',
  'indexed_parameter',
  'data_freshness',
  'unnamed_reference',
];
