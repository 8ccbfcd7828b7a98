const readOnly = 'The API is read-only: data comes in through the loader.';
const history =
  'Offered where RESOURCE_HISTORY is on (off by default); elsewhere vread answers for the current version alone.';
const noHistory =
  'The history of one resource is offered where RESOURCE_HISTORY is on, that of a type is not.';

/** Items of the guides that this API does not offer, with the reason. */
const notOffered: Readonly<Record<string, string>> = {
  create: readOnly,
  update: readOnly,
  delete: readOnly,
  'history-instance': history,
  'history-type': noHistory,
  expand: 'There is no terminology server. HL7 publishes the value sets of the guides.',
};

/** Why an item of a guide is not offered. Undefined for an item that is. */
export const whyNotOffered = (item: string): string | undefined => notOffered[item];

export const isOffered = (item: string): boolean => whyNotOffered(item) === undefined;
