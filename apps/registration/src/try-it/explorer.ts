import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, addressesFrom, Problem } from '@payer/service';
import { planRules, trialEnvironment } from '@payer/smart';
import type { Config } from '../config.js';
import { firstTypes } from './first-types.js';
import { Flow } from './flow.js';
import type { Run, Step } from './run.js';

/** The most characters of JSON on a page. */
const maxShown = 100_000;

/** A FHIR request of the explorer with its answer, ready to be shown. */
export interface Explored {
  /** Relative to the FHIR base. */
  path: string;
  step: Step;
  rows: { path: string; lastUpdated: string; summary: string }[];
  /** Path of the next page of a searchset. */
  next: string | undefined;
  json: string;
}

interface Resource {
  resourceType?: string;
  id?: string;
  meta?: { lastUpdated?: string };
  [element: string]: unknown;
}
interface Bundle extends Resource {
  entry?: { resource?: Resource }[];
  link?: { relation?: string; url?: string }[];
}

/** Reads from the sandbox's FHIR API with the tokens of a run. */
@Injectable()
export class Explorer {
  constructor(
    private readonly flow: Flow,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** The first read of a run: the member's own Patient, or a search of the plan's first type. */
  firstPath(run: Run): string {
    return planRules[run.plan].patientClaim === 'required' && run.patient
      ? `Patient/${run.patient}`
      : `${firstTypes(run.plan)[0]}?_count=5`;
  }

  /** @throws Problem 400 for a path outside the FHIR base */
  async read(run: Run, path: string): Promise<Explored> {
    checkPath(path);
    const step = await this.flow.fhir(run, path);
    const body = step.answer?.body ?? '';
    const resource = parsed(body);
    const json = resource ? JSON.stringify(resource, null, 2) : body;
    return {
      path,
      step,
      rows: rowsOf(resource),
      next: this.nextOf(resource),
      json: json.length > maxShown ? `${json.slice(0, maxShown)}\n… (${json.length} characters)` : json,
    };
  }

  /** The link of the next page, if it leads to the sandbox's FHIR base. */
  private nextOf(resource: Bundle | undefined): string | undefined {
    const base = `${addressesFrom(this.config)[trialEnvironment].fhirBaseUrl}/`;
    const url = resource?.link?.find(({ relation }) => relation === 'next')?.url;
    return url?.startsWith(base) ? url.slice(base.length) : undefined;
  }
}

/** Accepts a type, an id or an operation, and a query. The path cannot leave the FHIR base. */
function checkPath(path: string): void {
  const [place = ''] = path.split('?');
  const isBelow =
    path.length <= 4000 && /^[A-Za-z$_][\w$./-]*$/.test(place) && !place.split('/').includes('..');
  if (!isBelow || /[\s\0]/.test(path))
    throw new Problem(
      400,
      'invalid_request',
      'The path must be a resource type with an id or search parameters.',
    );
}

function parsed(body: string): Bundle | undefined {
  try {
    return JSON.parse(body) as Bundle;
  } catch {
    return undefined;
  }
}

function rowsOf(bundle: Bundle | undefined): Explored['rows'] {
  if (bundle?.resourceType !== 'Bundle') return [];
  return (bundle.entry ?? []).flatMap(({ resource }) =>
    resource?.id
      ? [
          {
            path: `${resource.resourceType}/${resource.id}`,
            lastUpdated: resource.meta?.lastUpdated?.slice(0, 10) ?? '',
            summary: summaryOf(resource),
          },
        ]
      : [],
  );
}

/** A short text that distinguishes resources: a name, a code or a type, with the status. */
function summaryOf(resource: Resource): string {
  const label = [resource.name, resource.code, resource.type, resource.category, resource.vaccineCode]
    .map(labelOf)
    .find(Boolean);
  const status = typeof resource.status === 'string' ? resource.status : undefined;
  return [label, status].filter(Boolean).join(', ');
}

function labelOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return labelOf(value[0]);
  if (!value || typeof value !== 'object') return undefined;
  const { text, display, family, given, coding } = value as Record<string, unknown>;
  if (typeof text === 'string') return text;
  if (typeof display === 'string') return display;
  if (typeof family === 'string')
    return [...(Array.isArray(given) ? (given as string[]) : []), family].join(' ');
  return labelOf(coding);
}
