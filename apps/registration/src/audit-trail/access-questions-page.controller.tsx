import { Controller, Get, Inject, Query, Req, Res } from '@nestjs/common';
import { CONFIG, parseQuery } from '@payer/service';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ApiExcludeController } from '../http/api-docs.js';
import type { Config } from '../config.js';
import { PageSession } from '../sessions/page-session.js';
import { formErrors, sendPortalPage, statusOf } from '../http/portal-page.js';
import { appsWithAccessQuery, readersQuery, readsQuery } from './access-answers.js';
import {
  AccessQuestionsPage,
  type AccessQuestionsPageProps,
  type Question,
} from './access-questions-page.js';
import { AccessQuestions } from './access-questions.js';
import { givenFields } from './given-fields.js';

type Fields = Record<string, string>;

/** The questions about data access as a page for the platform team. */
@ApiExcludeController()
@Controller('platform/audit')
export class AccessQuestionsPageController {
  constructor(
    private readonly questions: AccessQuestions,
    private readonly session: PageSession,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  @Get('questions')
  show(@Req() request: FastifyRequest, @Res() reply: FastifyReply) {
    return this.answer(request, reply, undefined, {}, () => Promise.resolve({}));
  }

  @Get('readers')
  readers(@Query() query: Fields, @Req() request: FastifyRequest, @Res() reply: FastifyReply) {
    return this.answer(request, reply, 'readers', query, async (fields) => ({
      readers: await this.questions.readers(parseQuery(readersQuery, fields)),
    }));
  }

  @Get('apps-with-access')
  appsWithAccess(@Query() query: Fields, @Req() request: FastifyRequest, @Res() reply: FastifyReply) {
    return this.answer(request, reply, 'apps-with-access', query, async (fields) => ({
      appsWithAccess: await this.questions.appsWithAccess(parseQuery(appsWithAccessQuery, fields)),
    }));
  }

  @Get('reads')
  reads(@Query() query: Fields, @Req() request: FastifyRequest, @Res() reply: FastifyReply) {
    return this.answer(request, reply, 'reads', query, async (fields) => ({
      reads: await this.questions.reads(parseQuery(readsQuery, fields)),
    }));
  }

  private async answer(
    request: FastifyRequest,
    reply: FastifyReply,
    question: Question | undefined,
    query: Fields,
    ask: (fields: Fields) => Promise<Partial<AccessQuestionsPageProps>>,
  ) {
    const actor = await this.session.requirePlatformTeam(request, 'audit');
    const fields = givenFields(query);
    const props = { planName: this.config.PLAN_NAME, actor, question, fields };
    try {
      return await sendPortalPage(reply, <AccessQuestionsPage {...props} {...await ask(fields)} />);
    } catch (error) {
      const errors = formErrors(error);
      return sendPortalPage(reply, <AccessQuestionsPage {...props} errors={errors} />, statusOf(error));
    }
  }
}
