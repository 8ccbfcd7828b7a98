import {
  Body,
  Controller,
  Delete,
  Get,
  Headers,
  HttpCode,
  Param,
  Put,
  Res,
  UseFilters,
  UseGuards,
} from '@nestjs/common';
import { Problem, ProblemFilter, ServiceIdentity } from '@payer/service';
import { internalRoutes } from '@payer/smart';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { ApiBody, ApiCall, ApiConsumes, ApiExcludeController, ApiTags } from '../http/api-docs.js';
import { CreationLimits } from '../rate-limits/creation-limits.js';
import { CurrentActor, type Actor } from '../sessions/actor.js';
import { BearerGuard } from '../sessions/bearer.guard.js';
import { bytesOf, logoTypes } from './logo-body.js';
import { LogosService } from './logos.service.js';

@ApiTags('apps')
@Controller('api/apps/:client_id/logo')
@UseGuards(BearerGuard)
export class LogosController {
  constructor(
    private readonly logos: LogosService,
    private readonly limits: CreationLimits,
  ) {}

  @Put()
  @ApiConsumes(...logoTypes)
  @ApiBody({ schema: { type: 'string', format: 'binary' } })
  @ApiCall({
    summary: 'Upload the logo: the file is the body. Members see it instead of the picture at logo_uri',
    answer: z.object({ uploaded_logo_uri: z.url() }),
    errors: [400, 403, 404, 413, 415, 429],
  })
  async upload(
    @CurrentActor() actor: Actor,
    @Param('client_id') clientId: string,
    @Body() body: unknown,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    this.limits.takeLogo(actor, reply);
    return { uploaded_logo_uri: await this.logos.upload(actor, clientId, () => bytesOf(body)) };
  }

  @Delete()
  @HttpCode(204)
  @ApiCall({ summary: 'Remove the uploaded logo', status: 204, errors: [403, 404] })
  async remove(@CurrentActor() actor: Actor, @Param('client_id') clientId: string): Promise<void> {
    await this.logos.remove(actor, clientId);
  }
}

/** Serves uploaded logos to everybody, because members see them before they sign in anywhere. */
@ApiExcludeController()
@Controller('logos')
export class LogoFilesController {
  constructor(private readonly logos: LogosService) {}

  @Get(':client_id/:file')
  async show(@Param('client_id') clientId: string, @Param('file') file: string, @Res() reply: FastifyReply) {
    const [, digest] = /^([0-9a-f]{64})\.png$/.exec(file) ?? [];
    if (!digest) throw new Problem(404, 'not_found', 'There is no such logo.');
    const png = await this.logos.find(clientId, digest);
    return (
      reply
        .type('image/png')
        // A browser that opens the address by itself runs nothing, whatever the file holds.
        .header('content-security-policy', "default-src 'none'; sandbox")
        .header('x-content-type-options', 'nosniff')
        .header('cache-control', 'public, max-age=86400, immutable')
        .send(png)
    );
  }
}

/** Gives uploaded logos to consent, which serves its own copies to members. */
@ApiExcludeController()
@Controller('internal/logos')
@UseFilters(ProblemFilter)
export class InternalLogosController {
  constructor(
    private readonly identity: ServiceIdentity,
    private readonly logos: LogosService,
  ) {}

  @Get(':client_id/:digest')
  async read(
    @Param('client_id') clientId: string,
    @Param('digest') digest: string,
    @Headers('authorization') authorization: string | undefined,
  ) {
    await this.identity.refuseStrangers(authorization, internalRoutes.registration.logos);
    return { png: (await this.logos.find(clientId, digest)).toString('base64') };
  }
}
