import { randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import { deriveKeys } from "./keys.ts";
import { seal, SEALED_LIMIT, SEALED_LIMIT_BYTES, unseal } from "./sealed.ts";

const keys = deriveKeys("0123456789abcdef");
const ID = "0a1b2c3d4e5f";
/** IV, ciphertext and tag of "evidence". */
const SEALED = "000102030405060708090a0b9aaa63bcabab23671fc6a789a3521947b87cc8f747fc84c0";
const sealed = Buffer.from(SEALED, "hex").toString("base64");

test("a sealed text is the IV, the ciphertext and the tag of AES-256-GCM", () => {
  expect(unseal(keys, ID, sealed)).toBe("evidence");
});

test("what is sealed opens again, and no two texts look alike", () => {
  const texts = Array.from({ length: 100 }, () => seal(keys, ID, '{"client":"2001:db8::1","é":"\u{1f600}"}'));
  expect(new Set(texts.map((text) => text.slice(0, 16))).size).toBe(100);
  expect(new Set(texts.map((text) => unseal(keys, ID, text)))).toEqual(
    new Set(['{"client":"2001:db8::1","é":"\u{1f600}"}']),
  );
});

test("white space that a proxy adds around it does not count", () => {
  expect(unseal(keys, ID, `\r\n${sealed}\n`)).toBe("evidence");
});

test("the longest text is sealed and opened, and a longer one is not", () => {
  const longest = "a".repeat(SEALED_LIMIT_BYTES);
  const text = seal(keys, ID, longest);
  expect(text).toHaveLength(SEALED_LIMIT);
  expect(unseal(keys, ID, text)).toBe(longest);
  expect(() => seal(keys, ID, `${longest}a`)).toThrow(RangeError);
  expect(unseal(keys, ID, `${text}AAAA`)).toBeUndefined();
});

describe("does not open", () => {
  test.each([
    ["an empty text", ""],
    ["an HTML page", "<!doctype html><title>502</title>"],
    ["JSON", '{"v":1}'],
    ["base64 of less than an IV and a tag", "AAECAwQFBgcICQoL"],
    ["base64 of the URL alphabet", `${sealed.slice(0, -1)}_`],
    ["a text that was cut", sealed.slice(0, -4)],
    ["a text with more behind it", `${sealed}AAAA`],
  ])("%s", (_title, text) => {
    expect(unseal(keys, ID, text)).toBeUndefined();
  });

  test("with one bit changed, whichever", () => {
    const bytes = Buffer.from(SEALED, "hex");
    const opened = Array.from({ length: bytes.length * 8 }, (_, bit) => {
      const copy = Buffer.from(bytes);
      copy.writeUInt8(copy.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      return unseal(keys, ID, copy.toString("base64"));
    });
    expect(opened.filter((text) => text !== undefined)).toEqual([]);
  });

  test("for another probe, so that an old answer cannot be given again", () => {
    expect(unseal(keys, "0a1b2c3d4e60", sealed)).toBeUndefined();
  });

  test("with a thousand other tokens, nor with the key of proofs", () => {
    const others = Array.from({ length: 1000 }, () => deriveKeys(randomBytes(16).toString("hex")));
    others.push({ proof: keys.answer, answer: keys.proof });
    expect(others.filter((other) => unseal(other, ID, sealed) !== undefined)).toEqual([]);
  });
});
