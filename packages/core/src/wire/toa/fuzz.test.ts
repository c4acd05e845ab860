import fc from "fast-check";
import { expect, test } from "vitest";
import { parseAddress } from "../../address/address.ts";
import { parseTcpPacket, tcpSource } from "./tcp-packet.ts";
import { parseToaLookup, parseToaOptions, TOA_OPTIONS_LIMIT_BYTES } from "./options.ts";
import { TOA_LAYOUTS } from "./layouts.ts";
import { compileToaProduct } from "./product.ts";
import { TOA_PRODUCTS, type ToaProductName } from "./products.ts";

/** Runs of all properties here together, as in fuzz.test.ts. */
const RUNS = Number(process.env["WHEREFROM_FUZZ_RUNS"] || (process.env["CI"] === undefined ? 20_000 : 100_000));
const PRODUCTS = (Object.keys(TOA_PRODUCTS) as ToaProductName[]).map(compileToaProduct);
const CLAIMS = PRODUCTS.flatMap(({ options }) => options.map(({ kind }) => kind));

/** One of a product's own options with any content, or any kind with any length. */
const known = fc
  .tuple(
    fc.constantFrom(...PRODUCTS.flatMap((product) => product.options)),
    fc.uint8Array({ minLength: 40, maxLength: 40 }),
  )
  .map(([{ kind, layout }, body]) => {
    const { lengthBytes, version } = TOA_LAYOUTS[layout];
    const bytes = [kind, lengthBytes, ...body].slice(0, lengthBytes);
    if (version !== undefined) bytes[version] = 1;
    return bytes;
  });
const other = fc
  .tuple(
    fc.constantFrom(...CLAIMS, 1, 0, 2, 8),
    fc.constantFrom(0, 1, 2, 4, 6, 7, 8, 16, 19, 20, 40, 255),
    fc.uint8Array(),
  )
  .map(([kind, length, body]) => (kind < 2 ? [kind] : [kind, length, ...body].slice(0, Math.max(2, length))));
const options = fc.oneof(
  fc.uint8Array({ maxLength: 60 }),
  fc.array(fc.oneof(known, known, other), { maxLength: 3 }).map((list) => Uint8Array.from(list.flat())),
);

test("whatever the options are, the answer is a canonical claim or a reason, and the same a second time", () => {
  let claims = 0;
  fc.assert(
    fc.property(
      options,
      fc.constantFrom(...PRODUCTS),
      fc.constantFrom("syn", "ack", "data"),
      fc.constantFrom(4, 6),
      (bytes, product, packet, family) => {
        const reading = parseToaOptions(bytes, product, packet, family);
        expect(parseToaOptions(bytes, product, packet, family)).toEqual(reading);
        if (!reading.ok) return;
        claims++;
        const { claim } = reading;
        if (claim.says === "unknown") return;
        const { address, port } = claim.endpoint!;
        expect(parseAddress(address)?.text).toBe(address);
        expect(port === undefined || (port > 0 && port < 65_536)).toBe(true);
        expect(bytes.length).toBeLessThanOrEqual(TOA_OPTIONS_LIMIT_BYTES);
        // What was read stood on the wire, under one of the product's kinds.
        expect(Buffer.from(bytes).toString("hex")).toContain(claim.raw);
        expect(product.options.some(({ kind }) => claim.format === `toa-${kind}`)).toBe(true);
      },
    ),
    { numRuns: (RUNS * 3) / 4 },
  );
  expect(claims).toBeGreaterThan(RUNS / 50);
});

test("whatever the packet is, its options lie within it", () => {
  const extensions = fc.array(fc.constantFrom(0, 43, 60), { maxLength: 6 });
  // A data offset of 5 to 10 in every place where a TCP header may have it.
  const body = fc.array(fc.oneof(fc.nat(255), fc.integer({ min: 0x50, max: 0xaf })), { minLength: 20, maxLength: 100 });
  const first4 = fc.constantFrom(0x45, 0x45, 0x46, 0x4f, 0x44);
  const ipv4 = fc.tuple(first4, body, fc.constantFrom(6, 6, 17)).map(([first, rest, protocol]) => {
    const bytes = Uint8Array.from([first, ...rest]);
    if (bytes.length > 9) bytes.set([0, 0, 64, protocol], 6);
    return bytes;
  });
  const ipv6 = fc
    .tuple(extensions, fc.uint8Array({ minLength: 40, maxLength: 40 }), body)
    .map(([kinds, head, rest]) => {
      const chain = [...kinds, 6];
      head.set([0x60], 0);
      head.set([chain[0]!], 6);
      return Uint8Array.from([
        ...head,
        ...kinds.flatMap((_, index) => [chain[index + 1]!, 0, 0, 0, 0, 0, 0, 0]),
        ...rest,
      ]);
    });
  let packets = 0;
  fc.assert(
    fc.property(fc.oneof(ipv4, ipv6, fc.uint8Array({ maxLength: 100 })), (bytes) => {
      const packet = parseTcpPacket(bytes);
      if (packet === undefined) return;
      packets++;
      const { optionsFrom, optionsTo } = packet;
      expect(optionsTo - optionsFrom).toBeLessThanOrEqual(TOA_OPTIONS_LIMIT_BYTES);
      expect(optionsTo).toBeLessThanOrEqual(bytes.length);
      const { address } = tcpSource(bytes, packet);
      expect(parseAddress(address)?.text).toBe(address);
    }),
    { numRuns: RUNS / 5 },
  );
  expect(packets).toBeGreaterThan(RUNS / 200);
});

test("whatever a module answers, it is 20 bytes or nothing", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 24 }), (answer) => {
      expect(parseToaLookup(answer) === undefined).toBe(answer.length !== 20);
    }),
    { numRuns: RUNS / 20 },
  );
});
