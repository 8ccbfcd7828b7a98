/** Words in a User-Agent header, the most specific first: every browser also names others. */
const browsers: readonly (readonly [word: RegExp, name: string])[] = [
  [/Edg(A|iOS)?\//, 'Edge'],
  [/OPR\//, 'Opera'],
  [/Firefox\/|FxiOS\//, 'Firefox'],
  [/Chrome\/|CriOS\//, 'Chrome'],
  [/Safari\//, 'Safari'],
];

const systems: readonly (readonly [word: RegExp, name: string])[] = [
  [/iPhone|iPad/, 'iOS'],
  [/Android/, 'Android'],
  [/Windows/, 'Windows'],
  [/Mac OS X/, 'macOS'],
  [/CrOS/, 'ChromeOS'],
  [/Linux/, 'Linux'],
];

/** `Firefox on Windows`, from a User-Agent header. The header itself when the browser is unknown. */
export function browserInWords(agent: string): string {
  const find = (list: typeof browsers) => list.find(([word]) => word.test(agent))?.[1];
  const browser = find(browsers);
  if (!browser) return agent;
  const system = find(systems);
  return system ? `${browser} on ${system}` : browser;
}
