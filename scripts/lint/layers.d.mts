export const LAYERS: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;
export function explainImport(file: string, source: string): string | undefined;
