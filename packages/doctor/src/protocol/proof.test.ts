import { randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import { deriveKeys } from "./keys.ts";
import { isFresh, makeProof, newProbeId, PROOF_WINDOW_MS, readProof } from "./proof.ts";

const keys = deriveKeys("0123456789abcdef");
const AT = 1_796_104_823_770;
const MAC = "5e5cc38734c7ef396d4849693b452eb31abfbdd3cdab94479ebb7f7ea3f3b83b";
const PROOF = `1.${AT}.0a1b2c3d4e5f.${MAC}`;

test("the keys of a token are two outputs of HKDF-SHA256", () => {
  expect(Buffer.from(keys.proof).toString("hex")).toBe(
    "d725c6f285d402b266c675b45af739a33bf626857d147a504a0de8aa49fcccdc",
  );
  expect(Buffer.from(keys.answer).toString("hex")).toBe(
    "f2ebdf2fd16eb6385439a62e5389d349fa7977bb41afc3e106ac888393536f49",
  );
});

test("a proof is the version, the time, the id, and their HMAC-SHA256", () => {
  expect(makeProof(keys, "0a1b2c3d4e5f", AT)).toBe(PROOF);
  expect(readProof(keys, PROOF)).toEqual({ at: AT, id: "0a1b2c3d4e5f" });
});

test("ids of probes are not repeated, and every one makes a proof", () => {
  const ids = Array.from({ length: 1000 }, newProbeId);
  expect(new Set(ids).size).toBe(1000);
  expect(ids.filter((id) => readProof(keys, makeProof(keys, id, AT))?.id !== id)).toEqual([]);
});

describe("is no proof", () => {
  test.each([
    ["an empty text", ""],
    ["another version", PROOF.replace("1.", "2.")],
    ["another time", PROOF.replace(String(AT), String(AT + 1))],
    ["another id", PROOF.replace("0a1b", "0a1c")],
    ["a shorter signature", PROOF.slice(0, -1)],
    ["a longer signature", `${PROOF}0`],
    ["a signature in upper case", `1.${AT}.0a1b2c3d4e5f.${MAC.toUpperCase()}`],
    ["no signature", `1.${AT}.0a1b2c3d4e5f.`],
    ["the signature alone", MAC],
    ["two proofs, as lines of one name are joined", `${PROOF}, ${PROOF}`],
    ["a line feed behind it", `${PROOF}\n`],
    ["a text of a megabyte", "1.".repeat(500_000)],
    ["a time of 14 digits", makeProof(keys, "0a1b2c3d4e5f", AT * 10)],
    ["an id of 7 characters", makeProof(keys, "0a1b2c3", AT)],
    ["an id with a dot", makeProof(keys, "0a1b.2c3d", AT)],
  ])("%s", (_title, text) => {
    expect(readProof(keys, text)).toBeUndefined();
  });

  test("what a thousand other tokens sign", () => {
    const others = Array.from({ length: 1000 }, () => deriveKeys(randomBytes(16).toString("hex")));
    expect(others.filter((other) => readProof(keys, makeProof(other, "0a1b2c3d4e5f", AT)) !== undefined)).toEqual([]);
  });

  test("what the key of answers signs", () => {
    const swapped = { proof: keys.answer, answer: keys.proof };
    expect(readProof(keys, makeProof(swapped, "0a1b2c3d4e5f", AT))).toBeUndefined();
  });

  test("a proof with one bit of its bytes changed, whichever", () => {
    const bytes = Buffer.from(PROOF);
    const changed = Array.from({ length: bytes.length * 8 }, (_, bit) => {
      const copy = Buffer.from(bytes);
      copy.writeUInt8(copy.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      return copy.toString("latin1");
    });
    expect(changed.filter((text) => readProof(keys, text) !== undefined)).toEqual([]);
  });
});

test.each([
  ["its own time", 0, true],
  ["a minute later", PROOF_WINDOW_MS, true],
  ["a minute earlier", -PROOF_WINDOW_MS, true],
  ["a minute and a millisecond later", PROOF_WINDOW_MS + 1, false],
  ["a minute and a millisecond earlier", -PROOF_WINDOW_MS - 1, false],
])("at %s a proof is fresh: %o ms, %s", (_title, later, isGood) => {
  expect(isFresh({ at: AT, id: "0a1b2c3d4e5f" }, AT + later)).toBe(isGood);
});
