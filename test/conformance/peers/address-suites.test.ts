import { readFileSync } from "node:fs";
import { compilePolicy, covers, formatPrefix, parseAddress, parsePrefix, resolve } from "@wherefrom/core";
import { describe, expect, test } from "vitest";

/** One value of another project's own tests of addresses: test/vectors/README.md says what each kind asks. */
interface Row {
  readonly id: string;
  readonly kind: "addr" | "net" | "covers" | "valid" | "validnet" | "class";
  readonly text: string;
  /** The family that the row asks for; absent where the row takes either. */
  readonly family?: 4 | 6;
  readonly address?: string;
  readonly fn?: "isPrivate" | "isLoopback";
  readonly expected: string | boolean | null;
}

/** What node-ip means by its two questions, as a policy names it. */
const CLASSES = {
  isPrivate: compilePolicy({ trust: ["private", "loopback", "linklocal"], from: "proxy-protocol" }),
  isLoopback: compilePolicy({ trust: ["loopback"], from: "proxy-protocol" }),
};

function answerOf({ kind, text, family, address, fn }: Row): string | boolean | null {
  const isAsked = family === undefined || family === familyOf(text);
  const prefix = isAsked ? parsePrefix(text) : undefined;
  switch (kind) {
    case "addr":
      return isAsked ? (parseAddress(text)?.text ?? null) : null;
    case "net":
      return prefix === undefined ? null : formatPrefix(prefix);
    case "covers":
      return prefix !== undefined && covers(prefix, address as string);
    case "valid":
      return isAsked && (text.includes("/") ? prefix : parseAddress(text)) !== undefined;
    case "validnet":
      return prefix !== undefined && text.includes("/");
    case "class":
      return resolve(
        { connection: { transport: "tcp", peer: text, peerPort: undefined, claims: [] } },
        CLASSES[fn as "isPrivate"],
      ).hops[0]?.verdict.trusted as boolean;
  }
}

/** Of a text, whichever address it writes. */
function familyOf(text: string): 4 | 6 {
  return text.includes(":") ? 6 : 4;
}

/** Where we answer differently on purpose: what the text is like, and why. The first that fits a row counts. */
const DECISIONS: readonly { name: string; reason: string; fits: (row: Row) => boolean }[] = [
  {
    name: "zone",
    reason: "only a link-local address has a zone (RFC 4007, 6): on another one it is not read",
    fits: ({ text }) => text.includes("%") && !/^fe[89ab]/i.test(text),
  },
  {
    name: "mapped",
    reason: "an IPv4-mapped address is IPv4, or a prefix for it would not cover the same machine",
    fits: ({ kind, text }) => kind !== "valid" && /^::ffff:/i.test(text),
  },
  {
    name: "netmask",
    reason: "a netmask or a wildcard mask is refused with its length: 255.255.255.0 and 0.0.0.255 are easily confused",
    fits: ({ text }) => /\/\d+\.\d+\.\d+\.\d+$/.test(text),
  },
  {
    name: "length-zeros",
    reason: "a length with leading zeros is read as octal elsewhere",
    fits: ({ text }) => /\/0\d+$/.test(text),
  },
  {
    name: "host-bits",
    reason: "bits behind the length: the operator meant the address or the network, and has to say which",
    fits: ({ kind, text }) =>
      kind === "validnet" &&
      parsePrefix(text) === undefined &&
      parseAddress(text.split("/")[0] as string) !== undefined,
  },
  {
    name: "unspecified",
    reason: ":: and 0.0.0.0 are not addresses of a machine",
    fits: ({ kind, text }) => kind !== "addr" && /^[0:.]+$/.test(text),
  },
  {
    name: "single-address",
    reason: "an address alone is a prefix of one",
    fits: ({ kind, text, expected }) => kind === "net" && expected === null && parseAddress(text) !== undefined,
  },
  {
    name: "loose",
    reason: "octal, hexadecimal, short and integer forms are read as different machines by different readers",
    fits: ({ text }) =>
      /^(?:0x[\da-f]+|\d+)(?:\.(?:0x[\da-f]+|\d+)){0,3}$/i.test(text) && parseAddress(text) === undefined,
  },
  {
    name: "one-family",
    reason: "the suite asks whether an IPv4 address is IPv6",
    fits: ({ kind, text, expected }) => kind === "valid" && expected === false && parseAddress(text)?.family === 4,
  },
];

/** How many rows of each suite fall under each decision. */
const DIFFERENCES: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  "cpython-ipaddress": { "length-zeros": 162, mapped: 8, netmask: 67, unspecified: 4, zone: 38 },
  "go-netip": { mapped: 1, "single-address": 1, zone: 3 },
  "ip-address": { "length-zeros": 2, "one-family": 2, zone: 1 },
  "ipaddr.js": { "host-bits": 2, loose: 2, zone: 4 },
  "node-ip": { loose: 8, unspecified: 1 },
};

describe.each(Object.entries(DIFFERENCES))("values of %s's own tests", (suite, differences) => {
  const url = new URL(`../../vectors/peers/${suite}.jsonl`, import.meta.url);
  const rows = readFileSync(url, "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Row);

  test("each is answered as there, or falls under a named decision", () => {
    const seen: Record<string, number> = {};
    const unnamed: string[] = [];
    for (const row of rows) {
      const answer = answerOf(row);
      if (answer === row.expected) continue;
      const decision = DECISIONS.find(({ fits }) => fits(row));
      if (decision === undefined) unnamed.push(`${row.id}: ${row.text}: ${String(answer)}`);
      else seen[decision.name] = (seen[decision.name] ?? 0) + 1;
    }
    expect(unnamed).toEqual([]);
    expect(seen).toEqual(differences);
  });
});

test.each(DECISIONS)("a decision that decides rows: $reason", ({ name }) => {
  expect(Object.values(DIFFERENCES).filter((counts) => name in counts)).not.toEqual([]);
});
