export const CHECKS: Readonly<
  Record<string, { readonly problem: () => string | undefined; readonly run: (directory: string) => void }>
>;
export function check(name: string): void;
