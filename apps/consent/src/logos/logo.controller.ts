import { Controller, Get, Param, Res } from '@nestjs/common';
import { Problem } from '@payer/service';
import { environmentPath } from '@payer/smart';
import type { FastifyReply } from 'fastify';
import { Logos } from './logos.js';

/** Serves the copies of logos without a sign-in, because they contain nothing about a member. */
@Controller(`${environmentPath}/logos`)
export class LogoController {
  constructor(private readonly logos: Logos) {}

  @Get(':client_id')
  async show(@Param('client_id') clientId: string, @Res() reply: FastifyReply) {
    const logo = await this.logos.find(clientId);
    if (!logo) throw new Problem(404, 'not_found', 'There is no logo of this app.');
    return reply
      .type(logo.contentType)
      .header('cache-control', 'public, max-age=3600')
      .header('content-security-policy', "default-src 'none'")
      .send(logo.bytes);
  }
}
