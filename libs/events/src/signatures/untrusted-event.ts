/** The writer of the event had no provable right to write it. The message gives the reason. */
export class UntrustedEvent extends Error {
  constructor(reason: string) {
    super(`an untrusted event: ${reason}`);
  }
}
