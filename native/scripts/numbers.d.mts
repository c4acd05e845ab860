export interface SharedNumber {
  readonly name: string;
  readonly value: string;
  readonly comment: string | undefined;
  readonly files: readonly string[];
}
export function parseNumbers(text: string): readonly SharedNumber[];
export function madeFiles(
  numbers?: readonly SharedNumber[],
): readonly { readonly path: string; readonly text: string }[];
