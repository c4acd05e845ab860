import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseAddress } from "../address/address.ts";
import { FoundAddress } from "../address/found.ts";
import { readAddress } from "../address/reader.ts";
import { PeerSetBuilder } from "./peer-set.ts";
import { covers, formatPrefix, parsePrefix, type Prefix } from "./prefix.ts";
import type { PrefixSet } from "./set.ts";
import { lengthOf, matchOf, NO_MATCH, OWNER_LIMIT, ownerOf } from "./match.ts";
import { PrefixSetBuilder } from "./set-builder.ts";

type Row = readonly [prefix: string, owner: number];

function setOf(rows: readonly Row[]): PrefixSet {
  const builder = new PrefixSetBuilder();
  for (const [prefix, owner] of rows) builder.add(parsePrefix(prefix)!, owner);
  return builder.build();
}

/** `owner/length`, or undefined. */
function find(set: PrefixSet, address: string): string | undefined {
  const { family, words } = parseAddress(address)!;
  const [w0 = 0, w1 = 0, w2 = 0, w3 = 0] = words;
  const found = family === 4 ? set.find4(w0) : set.find6(w0, w1, w2, w3);
  // Callers hold words as signed numbers as well.
  expect(family === 4 ? set.find4(w0 | 0) : set.find6(w0 | 0, w1 | 0, w2 | 0, w3 | 0)).toBe(found);
  return found === NO_MATCH ? undefined : `${ownerOf(found)}/${lengthOf(found)}`;
}

/** The same by asking every prefix. */
function findSlowly(rows: readonly Row[], address: string): string | undefined {
  let best: [Prefix, number] | undefined;
  for (const [text, owner] of rows) {
    const prefix = parsePrefix(text)!;
    if (covers(prefix, address) && (best === undefined || prefix.length > best[0].length)) best = [prefix, owner];
  }
  return best && `${best[1]}/${best[0].length}`;
}

describe("a set of prefixes", () => {
  test("an empty set names nobody", () => {
    expect(find(setOf([]), "10.0.0.1")).toBeUndefined();
    expect(find(setOf([]), "::1")).toBeUndefined();
  });

  test("the longest prefix wins, in whatever order they were added", () => {
    const rows: Row[] = [
      ["10.1.2.0/24", 3],
      ["0.0.0.0/0", 1],
      ["10.1.2.3", 4],
      ["10.0.0.0/8", 2],
    ];
    for (const order of [rows, rows.toReversed()]) {
      const set = setOf(order);
      expect(find(set, "10.1.2.3")).toBe("4/32");
      expect(find(set, "10.1.2.4")).toBe("3/24");
      expect(find(set, "10.1.3.0")).toBe("2/8");
      expect(find(set, "9.255.255.255")).toBe("1/0");
      expect(find(set, "255.255.255.255")).toBe("1/0");
      expect(find(set, "0.0.0.0")).toBe("1/0");
    }
  });

  test("behind the end of a narrow prefix its parent counts, and behind that one's end nobody", () => {
    const set = setOf([
      ["10.0.0.0/8", 1],
      ["10.1.0.0/16", 2],
      ["10.1.1.0/24", 3],
    ]);
    expect(find(set, "10.1.1.255")).toBe("3/24");
    expect(find(set, "10.1.2.0")).toBe("2/16");
    expect(find(set, "10.2.0.0")).toBe("1/8");
    expect(find(set, "11.0.0.0")).toBeUndefined();
  });

  test("IPv4 and IPv6 do not cover each other", () => {
    const set = setOf([
      ["0.0.0.0/0", 1],
      ["2000::/3", 2],
    ]);
    expect(find(set, "::1")).toBeUndefined();
    expect(find(set, "2001:db8::1")).toBe("2/3");
    expect(find(set, "8.8.8.8")).toBe("1/0");
  });

  test("one prefix twice with one owner is one row", () => {
    expect(
      setOf([
        ["10.0.0.0/8", 1],
        ["::ffff:10.0.0.0/104", 1],
      ]).v4.count,
    ).toBe(1);
  });

  test("one prefix with two owners is told to the caller, or else the first stands", () => {
    const rows: Row[] = [
      ["2001:db8::/32", 1],
      ["2001:db8::/32", 2],
    ];
    const builder = new PrefixSetBuilder();
    for (const [prefix, owner] of rows) builder.add(parsePrefix(prefix)!, owner);
    expect(() =>
      builder.build((prefix) => {
        throw new Error(formatPrefix(prefix));
      }),
    ).toThrow("2001:db8::/32");
    expect(find(setOf(rows), "2001:db8::1")).toBe("1/32");
  });

  test("owners up to the limit come back whole, beside every length", () => {
    const set = setOf([
      ["128.0.0.0/1", OWNER_LIMIT],
      ["::/0", OWNER_LIMIT - 1],
      ["2001:db8::1", OWNER_LIMIT],
    ]);
    expect(find(set, "200.0.0.1")).toBe(`${OWNER_LIMIT}/1`);
    expect(find(set, "::")).toBe(`${OWNER_LIMIT - 1}/0`);
    expect(find(set, "2001:db8::1")).toBe(`${OWNER_LIMIT}/128`);
  });

  test("a large set has a jump table and a small one has none", () => {
    const rows = Array.from({ length: 300 }, (_, index): Row => [`10.${index >> 4}.${(index & 15) * 16}.0/24`, 1]);
    const large = setOf(rows);
    const small = setOf(rows.slice(0, 2));
    expect(large.v4.jump).toBeDefined();
    expect(small.v4.jump).toBeUndefined();
  });
});

/** Enough rows for a jump table, at and around the edges of the first 16 bits. */
const edges: Row[] = [
  ["0.0.0.0/16", 1],
  ["0.0.0.0/32", 2],
  ["0.0.255.255", 3],
  ["0.1.0.0/16", 4],
  ["1.255.255.255", 5],
  ["2.0.0.0/15", 6],
  ["2.1.255.255", 7],
  ["127.255.255.255", 8],
  ["128.0.0.0/1", 9],
  ["128.0.0.0", 10],
  ["192.168.0.0/16", 11],
  ["192.168.255.255", 12],
  ["255.254.255.255", 13],
  ["255.255.0.0/16", 14],
  ["255.255.0.0", 15],
  ["255.255.255.255", 16],
  ["10.0.0.0/8", 17],
  ["10.5.0.0/17", 18],
];

test.each([
  "0.0.0.0",
  "0.0.0.1",
  "0.0.255.254",
  "0.0.255.255",
  "0.1.0.0",
  "0.1.255.255",
  "0.2.0.0",
  "1.255.255.254",
  "1.255.255.255",
  "2.0.0.0",
  "2.0.255.255",
  "2.1.255.255",
  "2.2.0.0",
  "10.4.255.255",
  "10.5.127.255",
  "10.5.128.0",
  "10.255.255.255",
  "11.0.0.0",
  "127.255.255.254",
  "127.255.255.255",
  "128.0.0.0",
  "128.0.0.1",
  "192.167.255.255",
  "192.168.0.0",
  "192.168.255.255",
  "192.169.0.0",
  "255.254.255.255",
  "255.255.0.0",
  "255.255.0.1",
  "255.255.255.254",
  "255.255.255.255",
])("at the edge of the jump table %s is found as without it", (address) => {
  const set = setOf(edges);
  expect(set.v4.jump).toBeDefined();
  expect(find(set, address)).toBe(findSlowly(edges, address));
});

test("a large set of IPv6 prefixes has a jump table, and is found as without it", () => {
  const rows = Array.from({ length: 40 }, (_, index): Row => [`2001:${(index * 3).toString(16)}::/32`, index + 1]);
  rows.push(["2000::/3", 41], ["2001:9::1", 42], ["fe80::/10", 43], ["::1", 44]);
  const set = setOf(rows);
  expect(set.v6.jump).toBeDefined();
  for (const address of ["::1", "::2", "1fff::", "2000::", "2001:9::1", "2001:9::2", "2001:a::", "2001:75::", "2002::"])
    expect(find(set, address)).toBe(findSlowly(rows, address));
  for (const address of ["3fff:ffff::", "4000::", "fe7f:ffff::", "fe80::1", "febf:ffff::", "fec0::", "ffff:ffff::"])
    expect(find(set, address)).toBe(findSlowly(rows, address));
});

/** Prefixes out of few bits, so that they nest and repeat their beginnings. */
function rowsOf(width: 32 | 128): fc.Arbitrary<Row[]> {
  const pool = width === 32 ? [0, 0x0a00, 0x0a01, 0x7fff, 0x8000, 0xffff] : [0, 0xfe80, 0x2001, 0xdb8, 0x8000, 0xffff];
  const prefix = fc
    .tuple(
      fc.array(fc.constantFrom(...pool), { minLength: width / 16, maxLength: width / 16 }),
      fc.integer({ min: 0, max: width }),
      fc.integer({ min: 1, max: 200 }),
    )
    .map(([groups, length, owner]): Row => [masked(groups, length), owner])
    .filter(([text]) => parsePrefix(text) !== undefined);
  return fc.uniqueArray(prefix, { minLength: 1, maxLength: 40, selector: ([text]) => text });
}

/** IPv6 text; IPv4 as its mapped spelling is counted from 96 bits, so plain. */
function masked(groups: readonly number[], length: number): string {
  const cut = groups.map((group, index) => {
    const bits = Math.min(16, Math.max(0, length - 16 * index));
    return bits === 0 ? 0 : (group >>> (16 - bits)) << (16 - bits);
  });
  return `${textOf(cut)}/${length}`;
}

function textOf(groups: readonly number[]): string {
  return groups.length === 8
    ? groups.map((group) => group.toString(16)).join(":")
    : groups.flatMap((group) => [group >>> 8, group & 255]).join(".");
}

test.each([
  { name: "IPv4", width: 32 as const },
  { name: "IPv6", width: 128 as const },
])("a set answers as asking every prefix does: $name", ({ width }) => {
  const groups = fc.array(
    fc.oneof(fc.constantFrom(0, 0x0a00, 0x0a01, 0x7fff, 0x8000, 0xfe80, 0x2001, 0xdb8, 0xffff), fc.nat(0xffff)),
    { minLength: width / 16, maxLength: width / 16 },
  );
  fc.assert(
    fc.property(rowsOf(width), fc.array(groups, { minLength: 8, maxLength: 8 }), (rows, addresses) => {
      const set = setOf(rows);
      for (const address of [...addresses.map(textOf), ...rows.map(([prefix]) => prefix.split("/")[0]!)]) {
        expect(find(set, address)).toBe(findSlowly(rows, address));
      }
    }),
    { numRuns: 200 },
  );
});

describe("a set of peers", () => {
  function nameOf(peers: readonly Row[], address: string): number {
    const builder = new PeerSetBuilder();
    for (const [peer, owner] of peers) builder.add(peer, owner);
    const set = builder.build();
    const found = new FoundAddress();
    expect(readAddress(found, address, 0, address.length)).toBe(true);
    return ownerOf(set.match(found, address));
  }

  test("a zoned prefix covers its zone alone", () => {
    const peers: Row[] = [["fe80::1%eth0", 1]];
    expect(nameOf(peers, "fe80::1%eth0")).toBe(1);
    expect(nameOf(peers, "fe80::1%eth1")).toBe(0);
    expect(nameOf(peers, "fe80::1")).toBe(0);
    expect(nameOf(peers, "fe80::2%eth0")).toBe(0);
  });

  test("an address without a rule for its zone falls under the prefixes of all zones", () => {
    const peers: Row[] = [
      ["fe80::%eth0/64", 1],
      ["fe80::/10", 2],
    ];
    expect(nameOf(peers, "fe80::5%eth0")).toBe(1);
    expect(nameOf(peers, "fe80::5%eth1")).toBe(2);
    expect(nameOf(peers, "fe80:1::5%eth0")).toBe(2);
    expect(nameOf(peers, "fe80::5")).toBe(2);
  });

  test("a prefix of the address's zone goes before a longer one of all zones", () => {
    expect(
      nameOf(
        [
          ["fe80::%eth0/64", 1],
          ["fe80::5", 2],
        ],
        "fe80::5%eth0",
      ),
    ).toBe(1);
  });

  test("a zone in the middle of a longer text is found", () => {
    const builder = new PeerSetBuilder();
    builder.add("fe80::1%eth0", 7);
    const set = builder.build();
    const header = "1.2.3.4, fe80::1%eth0, x";
    const found = new FoundAddress();
    expect(readAddress(found, header, 9, 21)).toBe(true);
    expect(set.match(found, header)).toBe(matchOf(7, 128));
  });

  test("named ranges are their prefixes", () => {
    expect(nameOf([["private", 3]], "172.31.255.255")).toBe(3);
    expect(nameOf([["private", 3]], "fd00::1")).toBe(3);
    expect(nameOf([["private", 3]], "169.254.0.1")).toBe(0);
    expect(nameOf([["private", 3]], "100.64.0.1")).toBe(0);
  });
});
