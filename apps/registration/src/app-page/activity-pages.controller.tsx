import { Controller, Get, Param, Query, Req, Res } from '@nestjs/common';
import { parseQuery } from '@payer/service';
import { renderPart, type FieldError } from '@payer/ui';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ApiExcludeController } from '../http/api-docs.js';
import { ActivityService } from '../activity/activity.service.js';
import { AppRequests } from '../activity/app-requests.js';
import { RequestCard } from '../activity/request-card.js';
import { sendCsv } from '../activity/request-csv.js';
import { requestFilter, type RequestFilter } from '../activity/request-filter.js';
import { mayDevelop } from '../apps/app-access.js';
import { formErrors, sendPortalPage } from '../http/portal-page.js';
import { CreationLimits } from '../rate-limits/creation-limits.js';
import { ActivityPage, type FilterFields } from './activity-page.js';
import { AppPages } from './app-pages.js';

/** The Activity tab: the page, its live view and its export. */
@ApiExcludeController()
@Controller('apps/:client_id/activity')
export class ActivityPagesController {
  constructor(
    private readonly pages: AppPages,
    private readonly activity: ActivityService,
    private readonly requests: AppRequests,
    private readonly limits: CreationLimits,
  ) {}

  @Get()
  async show(
    @Param('client_id') id: string,
    @Query() query: unknown,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const loaded = await this.pages.load(request, id);
    const { filter, errors } = readFilter(query);
    const page = (
      <ActivityPage
        {...loaded}
        fields={fieldsOf(query)}
        errors={errors}
        activity={await this.activity.of(id)}
        counts={await this.requests.counts(id, filter)}
        {...await this.requests.of(id, filter)}
      />
    );
    return sendPortalPage(reply, page, errors.length > 0 ? 400 : 200);
  }

  /** The requests that have arrived since the page was loaded, ready for its list. */
  @Get('live')
  async live(
    @Param('client_id') id: string,
    @Query() query: unknown,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const { actor, app } = await this.pages.load(request, id);
    const filter = parseQuery(requestFilter, { after: '0', ...(query as object) });
    this.limits.takeLiveView(actor, reply);
    const { requests, latest } = await this.requests.of(id, filter);
    const isDeveloper = mayDevelop(actor, app);
    return reply.header('cache-control', 'no-store').send({
      entries: requests.map((one) => ({
        id: `request-${one.id}`,
        html: renderPart(
          <RequestCard
            listed={{ request: one, times: 1, since: one.at }}
            app={app}
            isDeveloper={isDeveloper}
          />,
        ),
      })),
      latest,
      is_full: requests.length === filter.limit,
    });
  }

  @Get('export')
  async export(
    @Param('client_id') id: string,
    @Query() query: unknown,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const filter = parseQuery(requestFilter, query);
    await this.pages.load(request, id);
    return sendCsv(reply, await this.requests.all(id, filter));
  }
}

/** The filter of the query; for wrong values, no filter and the errors. */
function readFilter(query: unknown): { filter: RequestFilter; errors: FieldError[] } {
  try {
    return { filter: parseQuery(requestFilter, query), errors: [] };
  } catch (error) {
    const labels = { before: 'The place in the list', kind: 'Kind', outcome: 'Outcome' };
    const errors = formErrors(error, labels).map(({ field, message }) =>
      // The place in the list is in the URL and has no field.
      field === 'before' ? { message } : { field, message },
    );
    return { filter: requestFilter.parse({}), errors };
  }
}

const fieldsOf = (query: unknown): FilterFields =>
  Object.fromEntries(
    Object.entries(query as object).filter(
      (entry): entry is [string, string] => typeof entry[1] === 'string',
    ),
  );
