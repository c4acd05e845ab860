import { createSocket } from "node:dgram";
import { once } from "node:events";
import { expect, onTestFinished, test } from "vitest";
import { boundEnd, localAddress, localEndOf } from "./local-end.ts";
import { UDP_LOCAL, UDP_WORDS } from "./native-numbers.ts";

/** Words of a datagram that was sent to this address. */
function wordsOf(hex: string): Int32Array {
  const words = new Int32Array(2 * UDP_WORDS).fill(7);
  words.set(new Int32Array(Uint8Array.from(Buffer.from(hex.padEnd(32, "0"), "hex")).buffer), UDP_WORDS + UDP_LOCAL);
  return words;
}

test.each([
  [4, "c0000209", "192.0.2.9"],
  [6, "00000000000000000000ffffc0000209", "192.0.2.9"],
  [6, "20010db8000000000000000000000000", "2001:db8::"],
  [6, "20010db8000000010000000000000000", "2001:db8:0:1::"],
] as const)("IPv%i %s: the end is %s", (family, hex, address) => {
  expect(localAddress(localEndOf(wordsOf(hex), UDP_WORDS, family) as string)).toBe(address);
});

test("addresses that differ in one word only are different ends", () => {
  const ends = ["01", "02"].flatMap((byte) =>
    [0, 8, 16, 24].map((at) => localEndOf(wordsOf(`${"0".repeat(at)}20${byte}0000`), UDP_WORDS, 6)),
  );
  expect(new Set(ends).size).toBe(8);
});

test("an address that was not told is no end", () => {
  expect(localEndOf(wordsOf(""), UDP_WORDS, 4)).toBeUndefined();
  expect(localEndOf(wordsOf(""), UDP_WORDS, 6)).toBeUndefined();
});

test.each([
  ["udp4", "127.0.0.1", "127.0.0.1"],
  ["udp6", "::1", "::1"],
  ["udp4", "0.0.0.0", undefined],
  ["udp6", "::", undefined],
] as const)("a %s socket that is bound to %s has the end %s", async (type, host, address) => {
  const socket = createSocket(type).bind(0, host);
  await once(socket, "listening");
  onTestFinished(() => void socket.close());
  const end = boundEnd(socket);
  expect(end === undefined ? undefined : localAddress(end)).toBe(address);
});
