import { expect, test } from "vitest";
import { runCommandLine } from "../command-line.ts";
import { file, line, run } from "../../test/audited.ts";
import { PICTURE_WIDTH } from "./palette.ts";

const path = (): string =>
  file(
    Array.from({ length: 300 }, (_, second) =>
      line({ from: `203.0.113.${second % 9}`, second, place: { country: second % 3 === 0 ? "DE" : "JP" } }),
    ),
  );
const SIGNATURE = "89504e470d0a1a0a";

test.each([
  ["trace", 2000],
  ["report", 20_000],
])(
  "%s --png prints a PNG of twice the picture's width, with more in it than a blank page (%i bytes)",
  async (command, least) => {
    const { code, out, err, bytes = new Uint8Array() } = await run(command, path(), "--png");
    expect({ code, out, err }).toEqual({ code: 0, out: "", err: "" });
    const png = Buffer.from(bytes);
    expect(png.subarray(0, 8).toString("hex")).toBe(SIGNATURE);
    // IHDR (PNG specification, 11.2.1): width.
    expect(png.readUInt32BE(16)).toBe(2 * PICTURE_WIDTH);
    expect(png.length).toBeGreaterThan(least);
  },
);

test.each(["trace", "report"])("%s --png is refused on a terminal, before a file is read", async (command) => {
  let err = "";
  const terminal = {
    out: () => {},
    err: (text: string) => void (err += text),
    hasColors: false,
    interruption: async () => {},
  };
  expect(await runCommandLine([command, "access.log", "--png"], terminal)).toBe(2);
  expect(err).toContain("send it to a file (> picture.png)");
});
