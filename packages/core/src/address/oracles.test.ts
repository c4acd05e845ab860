import { isIP, isIPv4, SocketAddress } from "node:net";
import fc from "fast-check";
import ipaddr from "ipaddr.js";
import { expect, test } from "vitest";
import { parseAddress } from "./address.ts";

const text = (input: string): string | undefined => parseAddress(input)?.text;

/** Eight groups in every spelling: any gap over zeros, any case, leading zeros. */
const ipv6 = fc
  .tuple(
    fc.array(fc.oneof(fc.constant(0), fc.nat(0xffff)), { minLength: 8, maxLength: 8 }),
    fc.nat(),
    fc.boolean(),
    fc.boolean(),
    fc.boolean(),
  )
  .map(([groups, choice, upper, padded, gapped]) => {
    const written = groups.map((group) => group.toString(16).padStart(padded ? 4 : 1, "0"));
    const zeros = groups.flatMap((group, index) => (group === 0 ? [index] : []));
    const start = zeros[choice % Math.max(1, zeros.length)];
    let spelling = written.join(":");
    if (gapped && start !== undefined) {
      let end = start;
      while (groups[end] === 0) end++;
      spelling = `${written.slice(0, start).join(":")}::${written.slice(end).join(":")}`;
    }
    return upper ? spelling.toUpperCase() : spelling;
  });
const anyAddress = fc.oneof(
  fc.ipV4(),
  fc.ipV6(),
  ipv6,
  fc.ipV4().map((v4) => `::ffff:${v4}`),
  fc.ipV4().map((v4) => `1::${v4}`),
);
/** A spelling with up to three characters inserted, replaced or removed. */
const mutated = fc
  .tuple(
    anyAddress,
    fc.array(fc.tuple(fc.nat(), fc.constantFrom(..."0159afAFg:..::[]/x \t\u00a0".split(""), ""), fc.boolean()), {
      minLength: 1,
      maxLength: 3,
    }),
  )
  .map(([address, edits]) =>
    edits.reduce((current, [place, mark, replaces]) => {
      const at = place % (current.length + 1);
      return current.slice(0, at) + mark + current.slice(replaces ? at + 1 : at);
    }, address),
  );

const runs = { numRuns: 3000 };

test("canonical text parses to itself", () => {
  fc.assert(
    fc.property(anyAddress, (input) => {
      const address = parseAddress(input);
      expect(address).toBeDefined();
      expect(parseAddress(address!.text)).toEqual(address);
    }),
    runs,
  );
});

test("what net.isIP takes for an address is one, and nothing else is, valid or mutated", () => {
  fc.assert(
    fc.property(fc.oneof(anyAddress, mutated), (input) => {
      expect(parseAddress(input) !== undefined).toBe(isIP(input) !== 0);
    }),
    { numRuns: 6000 },
  );
});

test("canonical IPv6 text is what the URL parser writes", () => {
  fc.assert(
    fc.property(fc.oneof(ipv6, fc.ipV6()), (input) => {
      const address = parseAddress(input)!;
      const written = new URL(`http://[${input}]/`).hostname.slice(1, -1);
      // It writes mapped addresses in hexadecimal; those are IPv4 here.
      expect(address.family === 6 ? address.text : written.slice(0, 7)).toBe(
        address.family === 6 ? written : "::ffff:",
      );
    }),
    runs,
  );
});

test("net.SocketAddress writes the same text, but for ::/96, which it writes dotted", () => {
  fc.assert(
    fc.property(anyAddress, (input) => {
      const family = isIPv4(input) ? "ipv4" : "ipv6";
      const written = new SocketAddress({ address: input, family }).address;
      const address = parseAddress(input)!;
      const dotted = family === "ipv6" && written.includes(".");
      expect(address.text).toBe(dotted ? text(written) : written);
      expect(dotted).toBe(dotted && (address.family === 4 || address.text.startsWith("::")));
    }),
    runs,
  );
});

test("ipaddr.js finds the same bytes behind net.isIP, but for ::a.b.c.d, which it takes for a mapped address", () => {
  fc.assert(
    fc.property(fc.oneof(anyAddress, mutated), (input) => {
      if (isIP(input) === 0 || /^::\d+\.\d+\.\d+\.\d+$/.test(input)) return;
      const address = parseAddress(input)!;
      const { buffer } = Uint32Array.from(address.words);
      const view = new DataView(buffer);
      address.words.forEach((word, index) => view.setUint32(4 * index, word));
      expect([...new Uint8Array(buffer)]).toEqual(ipaddr.process(input).toByteArray());
    }),
    runs,
  );
  expect(ipaddr.process("::1.2.3.4").toString()).toBe("1.2.3.4");
});

test("ipaddr.js takes loose spellings that are no addresses here", () => {
  for (const input of ["010.0.0.1", "0x7f.1", "127.1", "2130706433", "012.0.0.5"]) {
    expect(ipaddr.isValid(input)).toBe(true);
    expect(parseAddress(input)).toBeUndefined();
  }
});
