import { stat } from "node:fs/promises";
import { anonymize, WherefromError } from "@wherefrom/core";
import {
  callback,
  checkOptions,
  either,
  milliseconds,
  objectOf,
  type Shape,
  type Shapes,
  text,
} from "@wherefrom/core/internal";
import { warnProcess } from "@wherefrom/net/internal";
import { isHeard, publish } from "../event/event.ts";
import type { Locate, Place, PlaceDatabase } from "../event/place.ts";
import { findFreeDatabase } from "./free-database.ts";
import { type GeoDatabase, type GeoRole, type MmdbReaderClass, readGeoDatabase } from "./geo-database.ts";

/** One file for both families, or one for each, as some publishers have it. */
export type GeoFile = string | { readonly ipv4?: string | undefined; readonly ipv6?: string | undefined };

/** Which files are read, and how often. */
export interface GeoOptions {
  /** Paths of MMDB files. Where none of the three is given: the free country database of npm that is installed. */
  readonly city?: GeoFile | undefined;
  /** Path of an MMDB file of countries. */
  readonly country?: GeoFile | undefined;
  /** Path of an MMDB file of autonomous systems. */
  readonly asn?: GeoFile | undefined;
  /** How often the files are looked at, in milliseconds; 0: never. Default 10,000. */
  readonly pollMs?: number | undefined;
  /** Is told when a new file is not usable, and when one is again. Default: a process warning. `config.warning` is published as well. */
  readonly onTrouble?: ((trouble: string) => void) | undefined;
}

/** Open geo databases. */
export interface Geo {
  /** Where an address is: undefined for what no database knows, and for text that is no address. IPv4-mapped and NAT64 addresses are their IPv4 host's. Never throws. */
  readonly locate: Locate;
  /** What is open now. */
  readonly databases: readonly PlaceDatabase[];
  /** What has to be said where the data are shown, if anything. */
  readonly credit: string | undefined;
  /** Looks at the files no more. */
  readonly close: () => void;
}

/** How often files are looked at: databases come out daily at most. */
const GEO_POLL_MS = 10_000;
/** Places that are remembered, about 3 MB: who asks again within a minute is answered from here. */
const CACHE_LIMIT = 8192;

const BY_FAMILY = objectOf({ ipv4: text, ipv6: text });
/** Naming no file at all would be the same as leaving it out, and then the free database is taken. */
const FILE: Shape = either(
  { ...text, expected: "the path of an MMDB file" },
  {
    expected: "{ ipv4: path, ipv6: path }",
    fits: BY_FAMILY.fits,
    explain: (file: { ipv4?: string; ipv6?: string }) =>
      BY_FAMILY.explain?.(file as never) ??
      (file.ipv4 === undefined && file.ipv6 === undefined ? "names neither ipv4 nor ipv6" : undefined),
  },
);
const SHAPES: Shapes<GeoOptions> = {
  city: FILE,
  country: FILE,
  asn: FILE,
  pollMs: milliseconds(0),
  onTrouble: callback,
};

interface Slot {
  readonly role: GeoRole;
  readonly ipv4: boolean;
  readonly ipv6: boolean;
  database: GeoDatabase;
  /** Which file was looked at last, good or bad. */
  stamp: string;
  isBad: boolean;
}

/**
 * Opens MMDB files through the package `maxmind`, and opens them again when they were replaced. Rejects with ERR_WHEREFROM_INVALID_GEO_DATABASE where one is missing or damaged;
 * one that becomes so later is left alone, the last good one stays in use, and `onTrouble` is told.
 */
export async function openGeo(options: GeoOptions = {}): Promise<Geo> {
  checkOptions<GeoOptions>("openGeo", options, SHAPES);
  const { pollMs = GEO_POLL_MS, onTrouble = warn } = options;
  const Reader = await importReader();
  const { files, credit } = filesOf(options);
  const slots: Slot[] = await Promise.all(
    files.map(async ({ role, path, ipv4, ipv6 }) => {
      // Before it is read: what replaces it in between is seen as another one.
      const stamp = await stampOf(path);
      const database = await readGeoDatabase(path, role, Reader);
      if (!ipv4 && !database.hasIpv6) {
        throw new WherefromError(
          "ERR_WHEREFROM_INVALID_GEO_DATABASE",
          `"${path}" knows IPv4 alone, and was given for IPv6`,
        );
      }
      return { role, ipv4, ipv6, database, stamp, isBad: false };
    }),
  );
  const cache = new Map<string, Place | undefined>();
  const known = new Map<string, readonly PlaceDatabase[]>();
  // Once, until it is over: a damaged file is met by every request.
  const tell = (slot: Slot, isBad: boolean, trouble: string): void => {
    if (isBad === slot.isBad) return;
    slot.isBad = isBad;
    onTrouble(trouble);
    if (isHeard("config.warning")) {
      publish({ name: "config.warning", time: new Date(), warning: { code: "geo-database", detail: trouble } });
    }
  };
  const reload = async (slot: Slot): Promise<void> => {
    const { path, info } = slot.database;
    const stamp = await stampOf(path);
    if (stamp === slot.stamp) return;
    slot.stamp = stamp;
    try {
      slot.database = await readGeoDatabase(path, slot.role, Reader);
      cache.clear();
      tell(slot, false, `${path}: usable again, built ${slot.database.info.build}`);
    } catch (error) {
      tell(slot, true, `${detailOf(error)}; the one of ${info.build} stays in use`);
    }
  };
  const timer = pollMs > 0 ? setInterval(() => void Promise.all(slots.map(reload)), pollMs).unref() : undefined;
  const find = (slot: Slot, address: string): Place | undefined => {
    try {
      return slot.database.find(address);
    } catch (error) {
      tell(slot, true, `${slot.database.path} is damaged: ${detailOf(error)}`);
      return undefined;
    }
  };
  const look = (address: string): Place | undefined => {
    // Also unwraps what is IPv4 in IPv6's clothes: databases have no records for such addresses.
    const canonical = anonymize(address, (text) => text);
    if (canonical === undefined || canonical.includes("%")) return undefined;
    const isIpv6 = canonical.includes(":");
    const found = slots.flatMap((slot) => {
      if (!(isIpv6 ? slot.ipv6 && slot.database.hasIpv6 : slot.ipv4)) return [];
      const place = find(slot, canonical);
      return place === undefined ? [] : [{ place, info: slot.database.info }];
    });
    return found.length === 0 ? undefined : merge(found, known);
  };
  return {
    locate: (address) => {
      if (cache.has(address)) return cache.get(address);
      const place = look(address);
      if (cache.size >= CACHE_LIMIT) cache.clear();
      cache.set(address, place);
      return place;
    },
    get databases() {
      return slots.map(({ database }) => database.info);
    },
    credit,
    close: () => clearInterval(timer),
  };
}

/** The first that says something is believed: the city database about the country, the country database where it says nothing. */
function merge(
  found: readonly { place: Place; info: PlaceDatabase }[],
  known: Map<string, readonly PlaceDatabase[]>,
): Place {
  const merged: Record<string, unknown> = {};
  for (const { place } of found) {
    for (const [key, value] of Object.entries(place)) if (value !== undefined) merged[key] ??= value;
  }
  const key = found.map(({ info }) => `${info.name} ${info.build}`).join();
  const databases = known.get(key) ?? Object.freeze(found.map(({ info }) => info));
  known.set(key, databases);
  return Object.freeze({ ...merged, databases });
}

interface FileChoice {
  readonly role: GeoRole;
  readonly path: string;
  readonly ipv4: boolean;
  readonly ipv6: boolean;
}

function filesOf(options: GeoOptions): { files: readonly FileChoice[]; credit: string | undefined } {
  const files = (["city", "country", "asn"] as const).flatMap((role): FileChoice[] => {
    const file = options[role];
    if (file === undefined) return [];
    if (typeof file === "string") return [{ role, path: file, ipv4: true, ipv6: true }];
    const { ipv4, ipv6 } = file;
    return [
      ...(ipv4 === undefined ? [] : [{ role, path: ipv4, ipv4: true, ipv6: false }]),
      ...(ipv6 === undefined ? [] : [{ role, path: ipv6, ipv4: false, ipv6: true }]),
    ];
  });
  if (files.length > 0) return { files, credit: undefined };
  const free = findFreeDatabase();
  if (free === undefined) {
    throw new WherefromError(
      "ERR_WHEREFROM_PACKAGE_ABSENT",
      "no database was named, and no free one is installed: npm install @ip-location-db/geo-whois-asn-country-mmdb, or openGeo({ city: path, asn: path })",
    );
  }
  return {
    files: [{ role: "country", path: free.path, ipv4: true, ipv6: true }],
    credit: `${free.credit} (${free.licence})`,
  };
}

async function importReader(): Promise<MmdbReaderClass> {
  try {
    const { Reader } = await import("maxmind");
    return Reader as unknown as MmdbReaderClass;
  } catch (cause) {
    throw new WherefromError(
      "ERR_WHEREFROM_PACKAGE_ABSENT",
      "MMDB files are read by a package that is not installed: npm install maxmind",
      { cause },
    );
  }
}

/** Tells one file from the next in its place. Empty where there is none. */
async function stampOf(path: string): Promise<string> {
  const found = await stat(path).catch(() => undefined);
  return found === undefined ? "" : `${found.ino} ${found.size} ${found.mtimeMs}`;
}

function warn(trouble: string): void {
  warnProcess(trouble, "WHEREFROM_GEO");
}

/** Without a link, because more words follow. */
function detailOf(error: unknown): string {
  return error instanceof WherefromError ? error.detail : (error as Error).message;
}
