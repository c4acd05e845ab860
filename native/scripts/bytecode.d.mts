export const BYTECODE: string;
export const CLANG_MAJOR: number;
export function whyUncompilable(): string | undefined;
export function compileBytecode(): string;
