import { expect, test } from "vitest";
import { crc32c } from "./crc32c.ts";

test("the check value of CRC-32C is that of RFC 9260", () => {
  const bytes = Buffer.from("123456789");
  expect(crc32c(bytes, 0, bytes.length, bytes.length)).toBe(0xe3069283);
});

test("four bytes count as zeros where the checksum stands", () => {
  const bytes = Buffer.from("00000000ffffffff00000000", "hex");
  expect(crc32c(bytes, 0, 12, 4)).toBe(crc32c(Buffer.alloc(12), 0, 12, 12));
  expect(crc32c(bytes, 0, 12, 4)).not.toBe(crc32c(bytes, 0, 12, 12));
});

test("only the bytes that are asked for count", () => {
  const bytes = Buffer.from("xx123456789yy");
  expect(crc32c(bytes, 2, 11, 11)).toBe(0xe3069283);
});
