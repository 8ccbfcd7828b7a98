import { Body, Controller, Get, HttpCode, Param, Post, Req, Res } from '@nestjs/common';
import { environmentPath, type Environment } from '@payer/smart';
import type { TextKey } from '@payer/ui';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { redirect } from '../interactions/interactions.js';
import { MemberPasskeys, type PasskeyRefusal } from '../second-factor/member-passkeys.js';
import { credentialOf, sendDetail, sendOptions } from './answer-script.js';
import { renderPasskeyPage } from './passkey-page.js';
import { SecondFactorSettings } from './second-factor-settings.js';

/** The most characters of a passkey's name. */
const longestName = 60;

/** Characters that are invisible or change the direction of a line. */
const deceptive = /[\p{Cc}\p{Cs}\u00ad\u200b\u2060\ufeff\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

const problems: Record<PasskeyRefusal, TextKey> = {
  unverified: 'passkeys.problem',
  known: 'passkey.known',
  'too-many': 'passkeys.tooMany',
};

/** A member adds and removes passkeys. */
@Controller(`${environmentPath}/second-factor/passkeys`)
export class PasskeysController {
  constructor(
    private readonly passkeys: MemberPasskeys,
    private readonly settings: SecondFactorSettings,
  ) {}

  @Get()
  async show(
    @Param('environment') environment: Environment,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const visitor = await this.settings.requireProof(environment, request, reply);
    return visitor ? this.page(environment, request, reply) : reply;
  }

  /** Called by the page's script: options for `navigator.credentials.create()`. */
  @Post('options')
  async options(
    @Param('environment') environment: Environment,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const visitor = await this.settings.find(environment, request, reply);
    if (!visitor?.hasRecentProof) {
      const { texts } = this.settings.frame(environment, request);
      return sendDetail(reply, 401, texts.t('secondFactor.proofOver'));
    }
    const { member, sessionUid } = visitor;
    return sendOptions(reply, await this.passkeys.creationOptions(environment, member, sessionUid));
  }

  @Post()
  @HttpCode(200)
  async add(
    @Param('environment') environment: Environment,
    @Body() body: { name?: unknown; response?: unknown } | undefined,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const visitor = await this.settings.requireProof(environment, request, reply);
    if (!visitor) return reply;
    const { texts } = this.settings.frame(environment, request);
    const typed = typeof body?.name === 'string' ? body.name : '';
    const name = typed.replaceAll(deceptive, '').trim().slice(0, longestName);
    const added = await this.passkeys.add(environment, visitor.sub, visitor.sessionUid, {
      name: name || texts.t('passkeys.unnamed'),
      response: credentialOf(body?.response),
    });
    if (typeof added === 'object')
      return this.settings.changed(visitor, 'passkey-added', request, reply, added.recoveryCodes);
    void reply.code(400);
    return this.page(environment, request, reply, problems[added]);
  }

  @Post('remove')
  async remove(
    @Param('environment') environment: Environment,
    @Body() body: { id?: unknown } | undefined,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const visitor = await this.settings.requireProof(environment, request, reply);
    if (!visitor) return reply;
    const id = typeof body?.id === 'string' ? body.id.replaceAll('\0', '') : '';
    if (await this.passkeys.remove(environment, visitor.sub, id))
      return this.settings.changed(visitor, 'passkey-removed', request, reply);
    // A button pressed twice finds the passkey removed already.
    return redirect(reply, this.settings.address(environment));
  }

  private page(environment: Environment, request: FastifyRequest, reply: FastifyReply, problem?: TextKey) {
    const frame = this.settings.frame(environment, request);
    const address = this.settings.address(environment);
    const page = renderPasskeyPage({ ...frame, address, problem: problem && frame.texts.t(problem) });
    return this.settings.send(reply, page);
  }
}
