import { Problem } from '@payer/service';

/** The link of a mail is unknown, used, or too old. */
export class LinkExpired extends Problem {
  constructor() {
    super(400, 'link_expired', 'This link has expired or was used before. Ask for a new one.');
  }
}
