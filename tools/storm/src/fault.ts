/** A fault of limited duration, which repairs its own damage. */
export interface Fault {
  name: string;
  strike(): Promise<void>;
}

export const pause = (seconds: number) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));
