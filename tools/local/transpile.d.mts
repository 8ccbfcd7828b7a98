export function projectsToRun(root: string): { starters: string[]; services: string[] };
export function isOfTests(file: string): boolean;
export function allProjects(root: string): string[];
export function transpile(root: string, folders: readonly string[]): Promise<number>;
