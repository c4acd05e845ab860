export function whyUnfuzzable(): string | undefined;
export function fuzz(runs?: number): number;
