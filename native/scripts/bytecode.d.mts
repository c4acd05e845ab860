export const BYTECODE: string;
export const MODULE_BYTECODE: string;
export const MODULE_SOURCES: readonly string[];
export const CLANG_MAJOR: number;
export function whyUncompilable(): string | undefined;
export function compileBytecode(sources?: readonly string[]): string;
