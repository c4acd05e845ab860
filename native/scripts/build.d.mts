export const NATIVE: string;
export const ADDON: string;
export function headers(): string | undefined;
export function isProgram(name: string): boolean;
export function whyUnbuildable(compiler?: string): string | undefined;
export function isStale(target: string): boolean;
export function buildAddon(target?: string, options?: { arch?: string; compiler?: string }): void;
export function buildIfStale(): boolean;
