import fc from "fast-check";
import { expect, test } from "vitest";
import { ClientMemo } from "./client-memo.ts";
import type { Peer } from "./peer.ts";

const peer = (address: string): Peer => ({ address, memory: undefined, isBelieved: undefined });
const [A, B] = [peer("192.0.2.1"), peer("192.0.2.2")];
const OPTION = Buffer.from("ffff1f08c406cb007107ffff", "hex");

test("what was answered is answered again for the same bytes of the same peer, wherever they stand", () => {
  const memo = new ClientMemo();
  expect(memo.has(A, OPTION, 2, 10, 0)).toBe(false);
  memo.keep(A, OPTION, 2, 10, "203.0.113.7");
  const elsewhere = Buffer.from(OPTION.subarray(2, 10));
  expect([memo.has(A, elsewhere, 0, 8, 0), memo.client]).toEqual([true, "203.0.113.7"]);
  // What was kept is a copy.
  OPTION.fill(0, 2, 10);
  expect(memo.has(A, elsewhere, 0, 8, 0)).toBe(true);
  expect(memo.has(B, elsewhere, 0, 8, 0)).toBe(false);
  expect(memo.has(A, elsewhere, 0, 8, 4)).toBe(false);
  expect(memo.has(A, elsewhere, 0, 7, 0)).toBe(false);
});

test("an answer that there is no client is one", () => {
  const memo = new ClientMemo();
  memo.has(A, OPTION, 0, 4, 0);
  memo.keep(A, OPTION, 0, 4, undefined);
  expect([memo.has(A, OPTION, 0, 4, 0), memo.client]).toEqual([true, undefined]);
});

test("datagrams without options, and with more than an IPv4 header has room for, are asked about each time", () => {
  const memo = new ClientMemo();
  for (const length of [0, 41]) {
    const bytes = Buffer.alloc(64, 1);
    expect(memo.has(A, bytes, 0, length, 0)).toBe(false);
    memo.keep(A, bytes, 0, length, "203.0.113.7");
    expect(memo.has(A, bytes, 0, length, 0)).toBe(false);
  }
});

test("whatever the order of datagrams, no answer is another's", () => {
  const datagram = fc.record({
    peer: fc.constantFrom(A, B),
    options: fc.uint8Array({ minLength: 0, maxLength: 44, max: 1 }),
    flags: fc.constantFrom(0, 1, 4, 8),
  });
  const answerTo = (each: { peer: Peer; options: Uint8Array; flags: number }): string =>
    `${each.peer.address} ${each.flags} ${Buffer.from(each.options).toString("hex")}`;
  fc.assert(
    fc.property(fc.array(datagram, { minLength: 50, maxLength: 200 }), (datagrams) => {
      const memo = new ClientMemo();
      const wrong = [...datagrams, ...datagrams.toReversed()].filter((each) => {
        const { peer: from, options, flags } = each;
        const end = options.length;
        if (memo.has(from, options, 0, end, flags)) return memo.client !== answerTo(each);
        memo.keep(from, options, 0, end, answerTo(each));
        return false;
      });
      expect(wrong).toEqual([]);
    }),
    { numRuns: 200 },
  );
});
