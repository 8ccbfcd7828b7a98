import { HttpException } from '@nestjs/common';

/** Thrown by pages that need a signed-in account. */
export class SignInFirst extends HttpException {
  constructor() {
    super('sign in first', 401);
  }
}
