import { expect, test } from "vitest";
import { parseToaRecord } from "./record.ts";

const OPTIONS = "fe08c406cb0071070101080a25a81b87280f10cc".padEnd(80, "0");
const record = (head: string, address: string): Uint8Array =>
  Buffer.from(head + address.padEnd(32, "0") + OPTIONS, "hex");

test("an IPv4 connection's record", () => {
  expect(parseToaRecord(record("01021404c4060000", "0a5b0201"))).toEqual({
    packet: "ack",
    family: 4,
    options: new Uint8Array(Buffer.from(OPTIONS.slice(0, 40), "hex")),
    peer: { address: "10.91.2.1", port: 50182 },
  });
});

test("an IPv6 connection's record, and one of an IPv4 client on a dual-stack socket", () => {
  expect(parseToaRecord(record("01030806c4060000", "fd910002000000000000000000000001"))).toMatchObject({
    packet: "data",
    family: 6,
    peer: { address: "fd91:2::1", port: 50182 },
  });
  expect(parseToaRecord(record("01020806c4060000", "00000000000000000000ffff0a5b0201"))).toMatchObject({
    family: 4,
    peer: { address: "10.91.2.1" },
  });
});

test("a connection of which nothing was kept has its peer alone", () => {
  expect(parseToaRecord(record("01000004c4060000", "0a5b0201"))).toEqual({
    packet: undefined,
    family: 4,
    options: new Uint8Array(0),
    peer: { address: "10.91.2.1", port: 50182 },
  });
});

test("what is no record of ours is none", () => {
  expect(parseToaRecord(record("02021404c4060000", "0a5b0201"))).toBeUndefined();
  expect(parseToaRecord(record("01041404c4060000", "0a5b0201"))).toBeUndefined();
  expect(parseToaRecord(record("01022904c4060000", "0a5b0201"))).toBeUndefined();
  expect(parseToaRecord(record("01021404c4060000", "0a5b0201").subarray(0, 63))).toBeUndefined();
  expect(parseToaRecord(Uint8Array.of(1))).toBeUndefined();
});

test("the options are a copy: the next answer does not change them", () => {
  const bytes = record("01020804c4060000", "0a5b0201");
  const { options } = parseToaRecord(bytes)!;
  bytes.fill(0);
  expect(Buffer.from(options).toString("hex")).toBe(OPTIONS.slice(0, 16));
});
