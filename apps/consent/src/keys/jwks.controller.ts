import { Controller, Get, Header } from '@nestjs/common';
import { Keys } from './keys.js';
import { RequestDecryption } from './request-decryption.js';

@Controller('jwks')
export class JwksController {
  constructor(
    private readonly keys: Keys,
    private readonly decryption: RequestDecryption,
  ) {}

  /**
   * Public keys (RFC 7517). `use: sig` verifies decisions and sign-ins. auth-server encrypts consent requests
   * to the key with `use: enc`.
   */
  @Get()
  @Header('cache-control', 'public, max-age=20')
  async show() {
    return { keys: [...this.keys.published().keys, await this.decryption.publicJwk()] };
  }
}
