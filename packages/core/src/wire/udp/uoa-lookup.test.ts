import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isUoaAnswer, parseUoaLookup, UOA_LOOKUP_BYTES, UOA_LOOKUP_OLD_BYTES, writeUoaLookup } from "./uoa-lookup.ts";

/** fast-check is asked so often; `npm run fuzz` says how often. */
const RUNS = Number(process.env["WHEREFROM_FUZZ_RUNS"] || 20_000);
const QUESTION =
  "0200c0000205000000000000000000000000c00002090000000000000000000000009c4114e90000000000000000000000000000000000000000";
const ANSWER =
  "0200c0000205000000000000000000000000c00002090000000000000000000000009c4114e90200cb007107000000000000000000000000c406";
const OLD_ANSWER = "c0000205c00002099c4114e9cb007107c406";
const bytesOf = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, "hex"));

function question(
  bytes: number,
  address: string,
  local = "192.0.2.9",
  port: number | undefined = 40001,
): string | undefined {
  const to = new Uint8Array(64).fill(0xff);
  return writeUoaLookup(to, bytes, { address, port }, { address: local, port: 5353 })
    ? Buffer.from(to.subarray(0, bytes)).toString("hex")
    : undefined;
}

describe("the question", () => {
  test("names the source and our own address, both with their ports", () => {
    expect(question(UOA_LOOKUP_BYTES, "192.0.2.5")).toBe(QUESTION);
    expect(question(UOA_LOOKUP_OLD_BYTES, "192.0.2.5")).toBe("c0000205c00002099c4114e9000000000000");
  });

  test("mapped addresses are asked for as IPv4, as the packet was", () => {
    for (const [source, local] of [
      ["::ffff:192.0.2.5", "::ffff:192.0.2.9"],
      ["::ffff:192.0.2.5", "192.0.2.9"],
      ["192.0.2.5", "::ffff:c000:209"],
    ] as const) {
      expect(question(UOA_LOOKUP_BYTES, source, local)).toBe(QUESTION);
    }
  });

  test("IPv6 has no place in the old form", () => {
    expect(question(UOA_LOOKUP_BYTES, "2001:db8::5", "2001:db8::9")?.slice(0, 76)).toBe(
      "0a0020010db800000000000000000000000520010db80000000000000000000000099c4114e9",
    );
    expect(question(UOA_LOOKUP_OLD_BYTES, "2001:db8::5", "2001:db8::9")).toBeUndefined();
  });

  test("an address of zero, which the module takes for any of ours, is never asked for", () => {
    expect(question(UOA_LOOKUP_BYTES, "192.0.2.5", "0.0.0.0")).toBeUndefined();
    expect(question(UOA_LOOKUP_OLD_BYTES, "192.0.2.5", "::ffff:0.0.0.0")).toBeUndefined();
    expect(question(UOA_LOOKUP_BYTES, "2001:db8::5", "::")).toBeUndefined();
  });

  test("nobody is asked about without address, port, or ends of one family", () => {
    expect(question(UOA_LOOKUP_BYTES, "nobody")).toBeUndefined();
    expect(question(UOA_LOOKUP_BYTES, "192.0.2.5", "nobody")).toBeUndefined();
    expect(question(UOA_LOOKUP_BYTES, "192.0.2.5", "2001:db8::9")).toBeUndefined();
    const to = new Uint8Array(UOA_LOOKUP_BYTES);
    const [source, local] = [
      { address: "192.0.2.5", port: 40001 },
      { address: "192.0.2.9", port: 5353 },
    ];
    expect(writeUoaLookup(to, UOA_LOOKUP_BYTES, { ...source, port: undefined }, local)).toBe(false);
    expect(writeUoaLookup(to, UOA_LOOKUP_BYTES, source, { ...local, port: undefined })).toBe(false);
  });
});

describe("the answer", () => {
  test.each([
    ["of 58 bytes", ANSWER],
    ["of 18 bytes", OLD_ANSWER],
  ])("%s names the client", (_, hex) => {
    expect(parseUoaLookup(bytesOf(hex))).toEqual({
      method: "udp-option",
      format: "uoa-lookup",
      raw: hex,
      says: "address",
      endpoint: { address: "203.0.113.7", port: 50182 },
    });
  });

  test("is one to the question where it has both ends of it", () => {
    expect(isUoaAnswer(bytesOf(ANSWER), bytesOf(QUESTION))).toBe(true);
    expect(isUoaAnswer(bytesOf(OLD_ANSWER), bytesOf("c0000205c00002099c4114e9000000000000"))).toBe(true);
    expect(isUoaAnswer(bytesOf(OLD_ANSWER), bytesOf("c0000205c000020a9c4114e9000000000000"))).toBe(false);
    for (const at of [2, 5, 18, 21, 34, 37]) {
      const other = bytesOf(ANSWER);
      other[at] = (other[at] as number) ^ 1;
      expect(isUoaAnswer(other, bytesOf(QUESTION)), `byte ${at}`).toBe(false);
    }
    const ipv6 = bytesOf(`0a00${"20".repeat(32)}9c4114e9${"00".repeat(20)}`);
    expect(isUoaAnswer(ipv6, ipv6)).toBe(true);
    expect(
      isUoaAnswer(
        Uint8Array.from(ipv6, (byte, at) => (at === 33 ? 0 : byte)),
        ipv6,
      ),
    ).toBe(false);
  });

  test("of an IPv6 client", () => {
    const hex = `${ANSWER.slice(0, 76)}0a0020010db8000000000000000000010002c406`;
    expect(parseUoaLookup(bytesOf(hex))?.endpoint).toEqual({ address: "2001:db8::1:2", port: 50182 });
  });

  test("without a port names none", () => {
    expect(parseUoaLookup(bytesOf(`${OLD_ANSWER.slice(0, 32)}0000`))?.endpoint?.port).toBeUndefined();
  });

  test.each([
    ["of another length", ANSWER.slice(2)],
    ["of another family", `${ANSWER.slice(0, 76)}0300${ANSWER.slice(80)}`],
    ["left as it was asked", "c0000205c00002099c4114e9000000000000"],
    ["that names the unspecified address", `${OLD_ANSWER.slice(0, 24)}00000000c406`],
    ["that names the unspecified address of IPv6", `${ANSWER.slice(0, 76)}0a00${"00".repeat(16)}c406`],
  ])("%s is none", (_, hex) => {
    expect(parseUoaLookup(bytesOf(hex))).toBeUndefined();
  });
});

/** Octets of addresses, in which few are frequent. */
const octets = (length: number): fc.Arbitrary<number[]> =>
  fc.array(fc.oneof(fc.constantFrom(0, 1, 2, 10, 192, 255), fc.nat(255)), { minLength: length, maxLength: length });
const address4 = octets(4).map((bytes) => bytes.join("."));
const address6 = octets(16).map((bytes) =>
  Array.from({ length: 8 }, (_, at) =>
    (((bytes[2 * at] as number) << 8) | (bytes[2 * at + 1] as number)).toString(16),
  ).join(":"),
);
const ends = fc.oneof(fc.tuple(address4, address4), fc.tuple(address6, address6), fc.tuple(address4, address6));

test("whatever is asked and answered: an answer is taken for the flow that was asked about, and for no other", () => {
  const outcome = fc.check(
    fc.property(
      ends,
      fc.nat(65_535),
      fc.nat(65_535),
      fc.boolean(),
      fc.uint8Array({ minLength: UOA_LOOKUP_BYTES, maxLength: UOA_LOOKUP_BYTES }),
      fc.nat(UOA_LOOKUP_BYTES - 1),
      ([source, local], port, localPort, isOld, noise, changed) => {
        const bytes = isOld ? UOA_LOOKUP_OLD_BYTES : UOA_LOOKUP_BYTES;
        const question = noise.slice();
        const isAsked = writeUoaLookup(question, bytes, { address: source, port }, { address: local, port: localPort });
        // Neither throws.
        parseUoaLookup(noise.subarray(0, bytes));
        parseUoaLookup(noise.subarray(changed));
        if (!isAsked) return true;
        // The module writes the client into the question.
        const answer = question.slice(0, bytes);
        const client = isOld ? 12 : 40;
        answer.set(noise.subarray(client, bytes), client);
        const other = answer.slice();
        other[changed % bytes] = (other[changed % bytes] as number) ^ 1;
        const [from, to] = isOld ? [0, 12] : [2, 38];
        // Behind an IPv4 address is room that means nothing.
        const isRoom =
          !isOld &&
          question[0] !== 10 &&
          question[1] !== 10 &&
          [6, 22].some((at) => changed >= at && changed < at + 12);
        const isEnd = changed % bytes >= from && changed % bytes < to && !isRoom;
        return isUoaAnswer(answer, question) && isUoaAnswer(other, question) !== isEnd;
      },
    ),
    { numRuns: RUNS },
  );
  expect(outcome.counterexample).toBeNull();
});
