import { escapedText, jsonLine, replaceInvisible } from "@wherefrom/core/internal";

/** Text with every invisible character as `\xHH` (Apache's way), and with `\` and `"` escaped. */
export function quotedText(text: string): string {
  return escapedText(text.replace(/["\\]/g, "\\$&"));
}

/** Text without invisible characters, which become spaces. */
export function plainText(text: string): string {
  return replaceInvisible(text, () => " ");
}

/** Text that stands in JSON as it is: printable ASCII without `"` and `\`. */
const PLAIN = /^[ !#-[\]-~]*$/;

/** `jsonLine` of a text. */
export function quote(text: string): string {
  return PLAIN.test(text) ? `"${text}"` : jsonLine(text);
}

/** `jsonLine` of a number: NaN and infinities, which JSON does not have, are null. */
export function numberText(value: number): string {
  return Number.isFinite(value) ? `${value}` : "null";
}
