import { Controller, Get, Header } from '@nestjs/common';
import { Keys } from './keys.js';

@Controller('jwks')
export class JwksController {
  constructor(private readonly keys: Keys) {}

  /** Public keys with which auth-server verifies decisions and sign-ins (RFC 7517). */
  @Get()
  @Header('cache-control', 'public, max-age=20')
  show() {
    return this.keys.published();
  }
}
