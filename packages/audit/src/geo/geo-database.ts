import { readFile } from "node:fs/promises";
import { WherefromError } from "@wherefrom/core";
import type { Place, PlaceDatabase } from "../event/place.ts";
import { placeOfRecord } from "./place-record.ts";

/** What a file is asked for. */
export type GeoRole = "city" | "country" | "asn";

/** The part of maxmind's Reader that is used here. */
interface MmdbReader {
  readonly metadata: {
    readonly databaseType: string;
    readonly ipVersion: number;
    readonly buildEpoch: Date;
    readonly searchTreeSize: number;
  };
  get(address: string): unknown;
  getWithPrefixLength(address: string): [unknown, number];
}

export type MmdbReaderClass = new (file: Buffer) => MmdbReader;

/** One file, as it was when it was read. */
export interface GeoDatabase {
  readonly path: string;
  readonly info: PlaceDatabase;
  /** An IPv4-only file answers look-ups of IPv6 addresses with unrelated records (seen with dbip-city-ipv4): such look-ups are skipped. */
  readonly hasIpv6: boolean;
  /** Throws where the file is damaged behind its first networks. */
  readonly find: (address: string) => Place | undefined;
}

/** Networks that are looked up when a file is read: all of a small one, enough of a large one to see that its data are where its tree says. */
const PROBES = 512;
/** What stands between tree and data, in bytes (MaxMind DB format 2.0). */
const SEPARATOR_BYTES = 16;

/** Reads a file whole. Rejects with ERR_WHEREFROM_INVALID_GEO_DATABASE where it is missing, no MMDB, cut off, or without what `role` needs. */
export async function readGeoDatabase(path: string, role: GeoRole, Reader: MmdbReaderClass): Promise<GeoDatabase> {
  const file = await readFile(path).catch((cause: Error) => {
    throw new WherefromError("ERR_WHEREFROM_INVALID_GEO_DATABASE", `"${path}" cannot be read: ${cause.message}`, {
      cause,
    });
  });
  const refuse = (why: string, cause?: unknown): never => {
    const what = `"${path}" (${file.length} bytes) ${why}`;
    throw new WherefromError("ERR_WHEREFROM_INVALID_GEO_DATABASE", what, { cause });
  };
  const reader =
    openReader(file, Reader) ??
    refuse("is no MMDB file: its metadata are missing; was its download cut off, or is it still packed?");
  const { databaseType, ipVersion, buildEpoch, searchTreeSize } = reader.metadata;
  if (searchTreeSize + SEPARATOR_BYTES > file.length) refuse("is damaged: it is shorter than its own search tree");
  let knows = false;
  try {
    knows = probe(reader, role);
  } catch (cause) {
    refuse(`is damaged: ${(cause as Error).message}`, cause);
  }
  if (!knows)
    refuse(
      `is a "${databaseType}", in which no ${role === "asn" ? "network has a number" : "country was found"}: was it meant for another option than "${role}"?`,
    );
  return {
    path,
    info: Object.freeze({ name: databaseType, build: buildEpoch.toISOString().slice(0, 10) }),
    hasIpv6: ipVersion === 6,
    find: (address) => {
      const record = reader.get(address);
      return record === null || record === undefined ? undefined : placeOfRecord(record);
    },
  };
}

function openReader(file: Buffer, Reader: MmdbReaderClass): MmdbReader | undefined {
  try {
    const reader = new Reader(file);
    const { databaseType, ipVersion, buildEpoch, searchTreeSize } = reader.metadata;
    const isWhole =
      typeof databaseType === "string" &&
      (ipVersion === 4 || ipVersion === 6) &&
      Number.isFinite(buildEpoch.getTime()) &&
      Number.isFinite(searchTreeSize);
    return isWhole ? reader : undefined;
  } catch {
    return undefined;
  }
}

/** Looks at one network after the other, and at some that stand far apart; whether any has what `role` needs. */
function probe(reader: MmdbReader, role: GeoRole): boolean {
  let knows = false;
  const look = (address: string): number => {
    const [record, length] = reader.getWithPrefixLength(address);
    const { country, asn } = placeOfRecord(record);
    knows ||= (role === "asn" ? asn : country) !== undefined;
    return length;
  };
  let next = 0n;
  for (let count = 0; count < PROBES && next < 1n << 32n; count++) {
    const length = look(formatIpv4(next));
    // In a tree of IPv6 the length may count the 96 bits before an IPv4 address.
    const bits = BigInt(Math.min(32, Math.max(1, length > 32 ? length - 96 : length)));
    next = ((next >> (32n - bits)) + 1n) << (32n - bits);
  }
  for (let first = 0; first < 256; first++) look(`${first}.${(first * 7) % 256}.0.1`);
  if (reader.metadata.ipVersion === 6) {
    for (let block = 0; block < 256; block++) look(`${(0x2001 + block).toString(16)}:${(block * 257).toString(16)}::1`);
  }
  return knows;
}

function formatIpv4(bits: bigint): string {
  return [24n, 16n, 8n, 0n].map((shift) => (bits >> shift) & 255n).join(".");
}
