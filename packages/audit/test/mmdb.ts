import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parsePrefix } from "@wherefrom/core";
import { onTestFinished } from "vitest";

/** Any value of the MaxMind DB format 2.0 that its databases have. */
type Value = string | number | readonly Value[] | { readonly [key: string]: Value };

export interface MmdbOptions {
  readonly type?: string;
  readonly ipVersion?: 4 | 6;
  readonly build?: string;
}

/** Bytes of an MMDB file, written after the format's description; maxmind, which we did not write, reads them. */
export function mmdb(networks: Readonly<Record<string, Value>>, options: MmdbOptions = {}): Buffer {
  const { type = "Test-City", ipVersion = 6, build = "2026-11-20" } = options;
  const nodes: (number | { readonly data: number } | undefined)[][] = [[undefined, undefined]];
  const data: Buffer[] = [];
  let size = 0;
  for (const [text, value] of Object.entries(networks)) {
    const bytes = encode(value);
    insert(nodes, bitsOf(text, ipVersion), { data: size });
    data.push(bytes);
    size += bytes.length;
  }
  const tree = Buffer.alloc(nodes.length * 6);
  for (const [index, sides] of nodes.entries()) {
    for (const [side, entry] of sides.entries()) {
      const record =
        entry === undefined ? nodes.length : typeof entry === "number" ? entry : nodes.length + 16 + entry.data;
      tree.writeUIntBE(record, index * 6 + side * 3, 3);
    }
  }
  const metadata = encode({
    binary_format_major_version: 2,
    binary_format_minor_version: 0,
    build_epoch: Date.parse(build) / 1000,
    database_type: type,
    description: { en: "made by a test" },
    ip_version: ipVersion,
    languages: ["en"],
    node_count: nodes.length,
    record_size: 24,
  });
  return Buffer.concat([tree, Buffer.alloc(16), ...data, Buffer.from("abcdef4d61784d696e642e636f6d", "hex"), metadata]);
}

function bitsOf(text: string, ipVersion: 4 | 6): number[] {
  const { family, words, length } = parsePrefix(text)!;
  const bits = words.flatMap((word) => Array.from({ length: 32 }, (_, index) => (word >>> (31 - index)) & 1));
  const before = family === 4 && ipVersion === 6 ? Array.from({ length: 96 }, () => 0) : [];
  return [...before, ...bits.slice(0, length)];
}

function insert(
  nodes: (number | { readonly data: number } | undefined)[][],
  bits: readonly number[],
  leaf: { readonly data: number },
): void {
  let at = 0;
  for (const [index, bit] of bits.entries()) {
    if (index === bits.length - 1) nodes[at]![bit] = leaf;
    else {
      const next = nodes[at]![bit];
      if (typeof next === "number") at = next;
      else {
        nodes.push([next, next]);
        nodes[at]![bit] = nodes.length - 1;
        at = nodes.length - 1;
      }
    }
  }
}

function encode(value: Value): Buffer {
  if (typeof value === "string") return Buffer.concat([control(2, Buffer.byteLength(value)), Buffer.from(value)]);
  if (typeof value === "number" && Number.isInteger(value) && value >= 0) {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(value);
    return Buffer.concat([control(6, 4), bytes]);
  }
  if (typeof value === "number") {
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleBE(value);
    return Buffer.concat([control(3, 8), bytes]);
  }
  if (Array.isArray(value)) return Buffer.concat([control(11, value.length), ...value.map(encode)]);
  const entries = Object.entries(value as { [key: string]: Value });
  return Buffer.concat([control(7, entries.length), ...entries.flatMap(([key, each]) => [encode(key), encode(each)])]);
}

function control(type: number, size: number): Buffer {
  const [inline, rest] = size < 29 ? [size, []] : [29, [size - 29]];
  return Buffer.from(type > 7 ? [inline, type - 7, ...rest] : [(type << 5) | inline, ...rest]);
}

export const BERLIN = {
  continent: { code: "EU" },
  country: { iso_code: "DE" },
  subdivisions: [{ iso_code: "BE", names: { en: "Land Berlin" } }],
  city: { names: { en: "Berlin" } },
  location: { latitude: 52.52, longitude: 13.405, accuracy_radius: 20 },
};
export const CITY = {
  "192.0.2.0/24": BERLIN,
  "198.51.100.0/25": { country: { iso_code: "JP" } },
  "2001:db8::/32": { country: { iso_code: "NZ" } },
};
export const ASN = { "192.0.2.0/24": { autonomous_system_number: 64500, autonomous_system_organization: "Example" } };

/** Is removed when the test ends. */
export function directory(): string {
  const path = mkdtempSync(join(tmpdir(), "wherefrom-geo-"));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return path;
}

export function file(bytes: Uint8Array | string, name = "test.mmdb"): string {
  const path = join(directory(), name);
  writeFileSync(path, bytes);
  return path;
}
