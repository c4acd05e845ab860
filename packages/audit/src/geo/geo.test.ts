import { copyFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { compilePolicy, resolve, WherefromError } from "@wherefrom/core";
import fc from "fast-check";
import { describe, expect, onTestFinished, test } from "vitest";
import { formatEcs } from "../formats/ecs.ts";
import { recordOf } from "../event/record.ts";
import { formatOtel } from "../formats/otel.ts";
import { type Geo, type GeoOptions, openGeo } from "./geo.ts";
import { ASN, CITY, directory, file, mmdb } from "../../test/mmdb.ts";

async function open(options: GeoOptions): Promise<Geo> {
  const geo = await openGeo({ pollMs: 0, ...options });
  onTestFinished(geo.close);
  return geo;
}

describe("a place", () => {
  test("is what city and ASN databases say, with their names and the days on which they were built", async () => {
    const geo = await open({ city: file(mmdb(CITY)), asn: file(mmdb(ASN, { type: "Test-ASN", build: "2026-11-01" })) });
    const databases = [
      { name: "Test-City", build: "2026-11-20" },
      { name: "Test-ASN", build: "2026-11-01" },
    ];
    expect(geo.locate("192.0.2.77")).toEqual({
      continent: "EU",
      country: "DE",
      region: "DE-BE",
      regionName: "Land Berlin",
      city: "Berlin",
      latitude: 52.52,
      longitude: 13.405,
      radiusKm: 20,
      asn: 64500,
      organization: "Example",
      databases,
    });
    expect(geo.databases).toEqual(databases);
    expect(geo.locate("2001:db8::1")).toEqual({ country: "NZ", databases: [databases[0]] });
  });

  test.each([
    ["an IPv4-mapped address is its IPv4 host's", "::ffff:192.0.2.77", "DE"],
    ["a NAT64 address is, too", "64:ff9b::192.0.2.77", "DE"],
    ["an address outside every network is nowhere", "203.0.113.1", undefined],
    ["an IPv6 address outside every network is nowhere", "2001:db9::1", undefined],
    ["a link-local address with its zone is nowhere", "fe80::1%eth0", undefined],
    ["text that is no address is nowhere", "unknown", undefined],
    ["nothing is nowhere", "", undefined],
  ])("%s", async (_, address, country) => {
    const geo = await open({ city: file(mmdb(CITY)) });
    expect([geo.locate(address)?.country, geo.locate(address)?.country]).toEqual([country, country]);
  });

  test("the city database is believed about the country, and the country database where it is silent", async () => {
    const country = mmdb(
      { "192.0.2.0/24": { country_code: "FR" }, "203.0.113.0/24": { country_code: "BR" } },
      { type: "Flat" },
    );
    const geo = await open({ country: file(country), city: file(mmdb(CITY)) });
    expect(geo.locate("192.0.2.1")?.country).toBe("DE");
    expect(geo.locate("203.0.113.1")?.country).toBe("BR");
  });

  test("an IPv4-only database is never asked about IPv6", async () => {
    const one = file(mmdb({ "32.0.0.0/8": { country_code: "US" } }, { ipVersion: 4 }));
    const geo = await open({ country: one });
    expect(geo.locate("32.1.2.3")?.country).toBe("US");
    // Whose first 32 bits are 32.1.2.3.
    expect(geo.locate("2001:203::1")).toBeUndefined();
  });

  test("each family is asked of its own file, where there are two", async () => {
    const ipv4 = file(mmdb({ "192.0.2.0/24": { country_code: "DE" } }, { ipVersion: 4 }));
    const ipv6 = file(mmdb({ "192.0.2.0/24": { country_code: "XX" }, "2001:db8::/32": { country_code: "NZ" } }));
    const geo = await open({ country: { ipv4, ipv6 } });
    expect([geo.locate("192.0.2.1")?.country, geo.locate("2001:db8::1")?.country]).toEqual(["DE", "NZ"]);
    await expect(openGeo({ country: { ipv6: ipv4 } })).rejects.toThrow(
      `"${ipv4}" knows IPv4 alone, and was given for IPv6`,
    );
  });

  test("answers are the same from memory and from the file, for any address", async () => {
    const path = file(mmdb(CITY));
    const [kept, fresh] = [await open({ city: path }), await open({ city: path })];
    const address = fc.oneof(
      fc.ipV4(),
      fc.ipV6(),
      fc.ipV4().map((text) => `::ffff:${text}`),
      fc.string(),
    );
    fc.assert(
      fc.property(address, (text) => {
        const first = kept.locate(text);
        expect(kept.locate(text)).toBe(first);
        expect(fresh.locate(text)).toEqual(first);
      }),
    );
  });
});

describe("a file that is not usable is an error at start", () => {
  const whole = mmdb(CITY);
  // The data of its second record, behind which no more than "{" is left.
  const rotten = Buffer.from(whole);
  rotten.fill(0xff, rotten.indexOf("country") - 4, rotten.indexOf("subdivisions"));

  test.each<[title: string, path: () => string, options: (path: string) => GeoOptions, says: RegExp]>([
    [
      "one that is missing",
      () => join(directory(), "none.mmdb"),
      (city) => ({ city }),
      /none\.mmdb" cannot be read: ENOENT/,
    ],
    ["a directory", directory, (city) => ({ city }), /cannot be read: EISDIR/],
    ["an empty one", () => file(""), (city) => ({ city }), /\(0 bytes\) is no MMDB file: its metadata are missing/],
    [
      "a packed one",
      () => file(Buffer.from("1f8b08000000000000ff", "hex")),
      (city) => ({ city }),
      /is it still packed\?/,
    ],
    ["one without its end", () => file(whole.subarray(0, -200)), (city) => ({ city }), /was its download cut off/],
    [
      "one without its beginning",
      () => file(whole.subarray(whole.length - 300)),
      (city) => ({ city }),
      /shorter than its own search tree/,
    ],
    ["one with rotten data", () => file(rotten), (city) => ({ city }), /is damaged: /],
    [
      "one for something else",
      () => file(mmdb(ASN, { type: "Test-ASN" })),
      (city) => ({ city }),
      /is a "Test-ASN", in which no country was found: was it meant for another option than "city"\?/,
    ],
    [
      "a city database for systems",
      () => file(whole),
      (asn) => ({ asn }),
      /is a "Test-City", in which no network has a number/,
    ],
  ])("%s", async (_, make, options, says) => {
    const error: unknown = await openGeo(options(make())).catch((reason: unknown) => reason);
    expect(WherefromError.is(error) && error.code).toBe("ERR_WHEREFROM_INVALID_GEO_DATABASE");
    expect((error as Error).message).toMatch(says);
  });

  test("whatever bytes a file has", async () => {
    const Reader = (await import("maxmind")).Reader;
    const { readGeoDatabase } = await import("./geo-database.ts");
    const path = file("");
    const mutation = fc.tuple(fc.nat(whole.length - 1), fc.integer({ min: 0, max: 255 }));
    await fc.assert(
      fc.asyncProperty(fc.array(mutation, { minLength: 1, maxLength: 8 }), async (changes) => {
        const bytes = Buffer.from(whole);
        for (const [at, value] of changes) bytes[at] = value;
        writeFileSync(path, bytes);
        const error: unknown = await readGeoDatabase(path, "city", Reader as never).then(
          () => undefined,
          (reason: unknown) => reason,
        );
        expect(error === undefined || WherefromError.is(error)).toBe(true);
      }),
      { numRuns: 200 },
    );
  });
});

describe("a file that is replaced", () => {
  test("is read again; a bad one leaves the last good one in use, and is told once", async () => {
    const path = file(mmdb(CITY));
    const troubles: string[] = [];
    const geo = await open({ city: path, pollMs: 20, onTrouble: (trouble) => troubles.push(trouble) });
    expect(geo.locate("192.0.2.1")?.country).toBe("DE");
    const replace = (bytes: Buffer): void => {
      writeFileSync(`${path}.new`, bytes);
      renameSync(`${path}.new`, path);
    };
    replace(mmdb({ "192.0.2.0/24": { country_code: "AT" } }, { build: "2026-11-25" }));
    await expect
      .poll(() => geo.locate("192.0.2.1"))
      .toMatchObject({ country: "AT", databases: [{ build: "2026-11-25" }] });
    replace(Buffer.from("half a downl"));
    await expect
      .poll(() => troubles)
      .toEqual([expect.stringMatching(/is no MMDB file.*; the one of 2026-11-25 stays in use$/)]);
    expect(geo.locate("192.0.2.1")?.country).toBe("AT");
    rmSync(path);
    await new Promise((settle) => setTimeout(settle, 100));
    expect(geo.locate("192.0.2.1")?.country).toBe("AT");
    expect(troubles).toHaveLength(1);
    replace(mmdb({ "192.0.2.0/24": { country_code: "CH" } }, { build: "2026-11-26" }));
    await expect.poll(() => geo.locate("192.0.2.1")?.country).toBe("CH");
    expect(troubles[1]).toMatch(/usable again, built 2026-11-26$/);
  });

  test("is looked at no more after close", async () => {
    const path = file(mmdb(CITY));
    const geo = await open({ city: path, pollMs: 10 });
    geo.close();
    copyFileSync(file(mmdb({ "192.0.2.0/24": { country_code: "AT" } })), path);
    await new Promise((settle) => setTimeout(settle, 80));
    expect(geo.locate("192.0.2.1")?.country).toBe("DE");
  });
});

test("the place stands in source and client, and what told it in wherefrom.geo_databases, whatever the privacy", async () => {
  const geo = await open({ city: file(mmdb(CITY)), asn: file(mmdb(ASN)) });
  const resolution = resolve(
    { connection: { transport: "tcp", peer: "192.0.2.1", peerPort: 1, claims: [] } },
    compilePolicy({ trust: [] }),
  );
  const event = { name: "client.resolved", time: new Date(0), resolution, transport: "tcp" } as const;
  const at = {
    geo: {
      continent_code: "EU",
      country_iso_code: "DE",
      region_iso_code: "DE-BE",
      region_name: "Land Berlin",
      city_name: "Berlin",
      location: { lat: 52.52, lon: 13.405 },
    },
    as: { number: 64500, organization: { name: "Example" } },
  };
  for (const privacy of ["full", "truncated", () => "hash"] as const) {
    const record = recordOf(event, privacy, geo.locate);
    expect(formatEcs(record)).toMatchObject({
      source: at,
      client: at,
      wherefrom: { geo_databases: [{ name: "Test-City", build: "2026-11-20" }, {}] },
    });
    expect(formatOtel(record)).toMatchObject({
      "client.geo.country.iso_code": "DE",
      "client.geo.locality.name": "Berlin",
      "client.as.number": 64500,
      "client.as.organization": "Example",
      "wherefrom.geo_databases": ["Test-City 2026-11-20", "Test-City 2026-11-20"],
    });
  }
  const nobody = resolve(
    { connection: { transport: "unix", peer: undefined, peerPort: undefined, claims: [] } },
    compilePolicy({ trust: [] }),
  );
  expect(recordOf({ ...event, resolution: nobody }, "full", geo.locate).place).toBeUndefined();
});
