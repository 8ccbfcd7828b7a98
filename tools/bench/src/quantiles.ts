export interface Quantiles {
  p50: number;
  p99: number;
  most: number;
}

export function quantiles(numbers: readonly number[]): Quantiles {
  const sorted = [...numbers].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
  return { p50: at(0.5), p99: at(0.99), most: at(1) };
}
