/** The writer of an event had no right to write it, as far as can be known. The message says why. */
export class UntrustedEvent extends Error {
  constructor(reason: string) {
    super(`an untrusted event: ${reason}`);
  }
}
