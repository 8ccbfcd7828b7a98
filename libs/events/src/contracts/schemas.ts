import { envelope, eventContracts, eventTypes, type EventType } from '@payer/smart';
import { z } from 'zod';

/** The part of JSON Schema (2020-12) that the contracts use. */
export interface Schema {
  title?: string;
  type?: string | string[];
  enum?: readonly unknown[];
  const?: unknown;
  format?: string;
  description?: string;
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  anyOf?: Schema[];
  [keyword: string]: unknown;
}

/**
 * JSON Schema of the data that a consumer accepts, exported by zod. Drops the pattern where a format exists,
 * and zod's limits for machine integers.
 */
function schemaOf(contract: z.ZodType): Schema {
  const { $schema: _, ...schema } = z.toJSONSchema(contract, {
    io: 'input',
    override: ({ jsonSchema }) => {
      if (jsonSchema.format) delete jsonSchema.pattern;
      if (jsonSchema.type === 'integer') {
        delete jsonSchema.minimum;
        delete jsonSchema.maximum;
      }
      delete jsonSchema.default;
    },
  });
  return schema as Schema;
}

export const envelopeSchema = schemaOf(envelope);

/** The data schemas of events, each with its event types. Several event types may share one schema. */
export const things: readonly { schema: Schema; types: EventType[] }[] = [
  ...new Set(eventTypes.map((type) => eventContracts[type].data)),
].map((contract) => ({
  schema: schemaOf(contract),
  types: eventTypes.filter((type) => eventContracts[type].data === contract),
}));
