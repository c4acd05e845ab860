/** Longest line that is read, in bytes: sixteen times the longest header section that node:http takes. A longer one is no request of a log. */
const LINE_LIMIT = 1 << 20;
const NEWLINE = 0x0a;

/** What is between newlines. */
export interface LineBatch {
  readonly lines: readonly string[];
  /** Lines that were longer than `LINE_LIMIT`, whose beginning is `longStart`. */
  readonly long: number;
  readonly longStart: string | undefined;
}

/** Lines of the bytes, in batches as they come, without `\r` and without empty ones; the last one needs no newline. What is not UTF-8 is replaced. */
export async function* linesOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<LineBatch> {
  let rest: Buffer = Buffer.alloc(0);
  let isTooLong = false;
  for await (const chunk of chunks) {
    let bytes = chunk;
    let [long, longStart]: [number, string | undefined] = [0, undefined];
    if (isTooLong) {
      const end = bytes.indexOf(NEWLINE);
      if (end < 0) continue;
      bytes = bytes.subarray(end + 1);
      isTooLong = false;
    }
    if (rest.length > 0) bytes = Buffer.concat([rest, bytes]);
    const end = bytes.lastIndexOf(NEWLINE);
    rest = bytes.subarray(end + 1);
    if (rest.length > LINE_LIMIT) {
      [long, longStart, isTooLong] = [1, rest.toString("utf8", 0, 200), true];
      rest = Buffer.alloc(0);
    }
    const lines = end < 0 ? [] : split(bytes.subarray(0, end));
    const short = lines.filter((line) => line.length <= LINE_LIMIT);
    yield {
      lines: short,
      long: long + lines.length - short.length,
      longStart: longStart ?? lines.find((line) => line.length > LINE_LIMIT)?.slice(0, 200),
    };
  }
  if (rest.length > 0) yield { lines: split(rest), long: 0, longStart: undefined };
}

function split(bytes: Buffer): string[] {
  const text = bytes.toString("utf8");
  const lines = text.split("\n");
  return text.includes("\r")
    ? lines.map((line) => (line.endsWith("\r") ? line.slice(0, -1) : line)).filter((line) => line !== "")
    : lines.filter((line) => line !== "");
}
