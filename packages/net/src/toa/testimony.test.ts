import type { ConnectionClaim } from "@wherefrom/core";
import { compileToaProduct, type ToaPacket, type ToaProductName } from "@wherefrom/core/wire";
import { expect, test } from "vitest";
import { type ToaSight, weighToa } from "./testimony.ts";

const CLIENT = "fe08c406cb007107";
const OTHER = "fe081f9009090909";
const TIMESTAMPS = "0101080acb0071070909090a";

const sight = (packet: ToaPacket, hex: string, family: 4 | 6 = 4): ToaSight => {
  // Among other bytes, as it stands in what the kernel has told.
  const bytes = new Uint8Array(Buffer.from(`fe08${hex}cb007107`, "hex"));
  return { packet, family, bytes, from: 2, to: bytes.length - 4 };
};
/** What a module says. */
const word = (address: string, port?: number, format = "toa-module"): ConnectionClaim => ({
  method: "toa",
  format,
  raw: address,
  says: "address",
  endpoint: { address, port },
});

interface Said {
  readonly product?: ToaProductName;
  readonly sights?: readonly ToaSight[];
  readonly told?: readonly ConnectionClaim[];
  readonly isModuleEnough?: boolean;
  readonly doubt?: "packets-lost";
}
const weigh = ({ product = "dpvs", sights = [], told = [], isModuleEnough = false, doubt }: Said) =>
  weighToa({ product: compileToaProduct(product), sights, told, isModuleEnough, doubt });

test("readers of one packet that read the same are one claim", () => {
  const claim = weigh({ sights: [sight("ack", CLIENT), sight("ack", CLIENT)] });
  expect(claim).toMatchObject({ says: "address", endpoint: { address: "203.0.113.7", port: 50182 } });
  expect(claim?.oddities).toBeUndefined();
});

test("readers of one packet that read different clients are a conflict, with both in the proof", () => {
  const claim = weigh({ sights: [sight("ack", CLIENT), sight("ack", OTHER)] });
  expect(claim).toMatchObject({
    reason: "conflict",
    raw: "toa-254 203.0.113.7:50182 | toa-254 9.9.9.9:8080",
    rivals: [{ endpoint: { address: "203.0.113.7" } }, { endpoint: { address: "9.9.9.9" } }],
  });
});

test("a module that names the same client, with the balancer's port or none, agrees", () => {
  for (const port of [undefined, 50182, 40001]) {
    const claim = weigh({ sights: [sight("ack", CLIENT)], told: [word("203.0.113.7", port)] });
    expect(claim).toMatchObject({ format: "toa-254", endpoint: { address: "203.0.113.7", port: 50182 } });
    expect(claim?.oddities).toBeUndefined();
  }
});

test("a module that took another option of the packet that counts is a conflict", () => {
  const claim = weigh({ sights: [sight("ack", CLIENT + OTHER)], told: [word("9.9.9.9", 8080)] });
  expect(claim).toMatchObject({ reason: "conflict", raw: "toa-254 203.0.113.7:50182 | toa-module 9.9.9.9:8080" });
});

test("a module that read another packet changes nothing, and is a warning: no client hides himself by an option in his own SYN", () => {
  const sights = [sight("syn", OTHER), sight("ack", CLIENT)];
  expect(weigh({ sights, told: [word("9.9.9.9", 8080)] })).toMatchObject({
    endpoint: { address: "203.0.113.7" },
    oddities: ["module-differs", "packet-differs"],
  });
  expect(weigh({ sights })).toMatchObject({ endpoint: { address: "203.0.113.7" }, oddities: ["packet-differs"] });
});

test("a module that says what no packet says changes nothing (an Alibaba module takes a window for an address under SYN cookies)", () => {
  const told = [word("128.255.127.0", 40001)];
  expect(weigh({ sights: [sight("ack", CLIENT)], told })).toMatchObject({
    endpoint: { address: "203.0.113.7" },
    oddities: ["module-differs"],
  });
  expect(weigh({ told })).toMatchObject({ says: "malformed", reason: "unconfirmed", raw: "128.255.127.0" });
});

test("where no reader sees what modules read, the module's word counts, for a product that writes behind the SYN", () => {
  const told = [word("203.0.113.7", 50182)];
  expect(weigh({ told, isModuleEnough: true })).toBe(told[0]);
  expect(weigh({ told, isModuleEnough: true, product: "alibaba-cdn" })).toMatchObject({ reason: "unconfirmed" });
});

test("the word of a module that may have it from the SYN does not count: no balancer has written it there", () => {
  const said = { sights: [sight("syn", `1c0701cb007107`)], told: [word("203.0.113.7", 40001)], isModuleEnough: true };
  expect(weigh(said)).toMatchObject({ reason: "unconfirmed" });
  expect(weigh({ ...said, product: "lvs" })).toMatchObject({ reason: "unconfirmed" });
  // Timestamps are no option that names anybody.
  expect(weigh({ ...said, sights: [sight("syn", TIMESTAMPS)] })).toBe(said.told[0]);
});

test("two modules that name two clients are a conflict, where no packet decides", () => {
  const told = [word("2001:db8::1:2", 50182, "toa-lookup"), word("9.9.9.9", 8080)];
  expect(weigh({ told, isModuleEnough: true })).toMatchObject({ reason: "conflict", rivals: told });
  expect(weigh({ told, sights: [sight("ack", CLIENT)] })).toMatchObject({
    endpoint: { address: "203.0.113.7" },
    oddities: ["module-differs"],
  });
});

test("a packet that cannot be believed does not hide another of the product's that can", () => {
  const full = `${CLIENT}${"01".repeat(28)}`;
  expect(weigh({ product: "lvs", sights: [sight("syn", full)] })).toMatchObject({
    says: "malformed",
    reason: "no-room",
  });
  expect(weigh({ product: "lvs", sights: [sight("syn", full), sight("ack", CLIENT)] })).toMatchObject({
    says: "address",
    endpoint: { address: "203.0.113.7" },
  });
});

test("over IPv6 a SYN without room for the balancer's option stands behind the handshake's last packet", () => {
  const option = (last: string): string => `fd14c40620010db80000000000000000000100${last}`;
  const sights = [sight("syn", option("02") + "01".repeat(16), 6), sight("ack", option("03"), 6)];
  expect(weigh({ product: "lvs", sights })).toMatchObject({
    endpoint: { address: "2001:db8::1:3" },
    oddities: ["packet-differs"],
  });
});

test("a packet that is broken and a packet that is not are no conflict, unless it is one packet", () => {
  expect(weigh({ sights: [sight("ack", `0101${CLIENT}`)] })).toMatchObject({ says: "malformed", reason: "misplaced" });
  expect(weigh({ sights: [sight("ack", `0101${CLIENT}`), sight("ack", CLIENT)] })).toMatchObject({
    reason: "conflict",
    raw: "toa misplaced | toa-254 203.0.113.7:50182",
  });
});

test("a tap's doubt is the answer where nothing else is, whatever a module says", () => {
  const told = [word("9.9.9.9", 8080)];
  expect(weigh({ doubt: "packets-lost", told })).toMatchObject({ says: "malformed", reason: "packets-lost" });
  expect(weigh({ doubt: "packets-lost", told, sights: [sight("ack", CLIENT)] })).toMatchObject({ says: "address" });
});

test("who says nothing says nothing", () => {
  expect(weigh({})).toBeUndefined();
  expect(weigh({ sights: [sight("ack", TIMESTAMPS), sight("syn", CLIENT)] })).toBeUndefined();
});
