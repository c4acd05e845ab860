/** What a piece of text is, for who reads it in colour. */
type Ink = "heading" | "good" | "bad" | "note" | "quiet";

/** Puts `text` in the colours of `ink`, or returns it as it is. */
export type Paint = (ink: Ink, text: string) => string;

/** SGR parameters (ECMA-48, 8.3.117): set, and take back. */
const CODES: Readonly<Record<Ink, readonly [number, number]>> = {
  heading: [1, 22],
  good: [32, 39],
  bad: [31, 39],
  note: [33, 39],
  quiet: [2, 22],
};

export function createPaint(hasColors: boolean): Paint {
  if (!hasColors) return (_, text) => text;
  return (ink, text) => {
    const [set, reset] = CODES[ink];
    return `\u001b[${set}m${text}\u001b[${reset}m`;
  };
}
