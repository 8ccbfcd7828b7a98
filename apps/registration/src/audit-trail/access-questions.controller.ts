import { Controller, Get, Query, UseGuards } from '@nestjs/common';
import { parseQuery } from '@payer/service';
import { environments } from '@payer/smart';
import { BearerGuard } from '../sessions/bearer.guard.js';
import { NeedsDuty } from '../sessions/duties.js';
import { ApiCall, ApiQuery, ApiTags } from '../http/api-docs.js';
import { PlatformTeamGuard } from '../sessions/platform-team.guard.js';
import {
  appsWithAccessAnswer,
  appsWithAccessQuery,
  readersAnswer,
  readersQuery,
  readsAnswer,
  readsQuery,
} from './access-answers.js';
import { AccessQuestions } from './access-questions.js';

const Parameter = (name: string, description: string, required = false) =>
  ApiQuery({ name, required, description });
const Environment = () => ApiQuery({ name: 'environment', required: true, enum: environments });
const Member = () => Parameter('member', 'Member number, sub or patient id; or give patient, or sub');

@ApiTags('platform team')
@Controller('api/audit')
@UseGuards(BearerGuard, PlatformTeamGuard)
@NeedsDuty('audit')
export class AccessQuestionsController {
  constructor(private readonly questions: AccessQuestions) {}

  @Get('readers')
  @Member()
  @Parameter('patient', 'Patient id')
  @Parameter('sub', 'sub of the member')
  @Environment()
  @Parameter('app', 'client_id or name')
  @Parameter('since', 'An instant, a day or a month (UTC); 31 days ago when left out')
  @Parameter('until', 'An instant, or a day or month that is included')
  @ApiCall({
    summary: "Platform team: which apps read a member's data",
    answer: readersAnswer,
    errors: [400, 403, 404],
  })
  readers(@Query() query: unknown) {
    return this.questions.readers(parseQuery(readersQuery, query));
  }

  @Get('apps-with-access')
  @Member()
  @Parameter('patient', 'Patient id')
  @Parameter('sub', 'sub of the member')
  @Environment()
  @Parameter('day', 'Like 2026-11-25 (UTC)', true)
  @ApiCall({
    summary: "Platform team: which apps had access to a member's data on a day",
    answer: appsWithAccessAnswer,
    errors: [400, 403, 404],
  })
  appsWithAccess(@Query() query: unknown) {
    return this.questions.appsWithAccess(parseQuery(appsWithAccessQuery, query));
  }

  @Get('reads')
  @Parameter('app', 'client_id or name', true)
  @Environment()
  @Parameter('since', 'A day (UTC); 31 days before until when left out')
  @Parameter('until', 'A day that is included; today when left out')
  @ApiCall({
    summary: 'Platform team: what an app read, by resource type and day',
    answer: readsAnswer,
    errors: [400, 403, 404],
  })
  reads(@Query() query: unknown) {
    return this.questions.reads(parseQuery(readsQuery, query));
  }
}
