import { describe, expect, onTestFinished, test } from "vitest";
import { findFreeDatabase, FREE_DATABASES } from "./free-database.ts";
import { type Geo, type GeoOptions, openGeo } from "./geo.ts";

async function open(options: GeoOptions): Promise<Geo> {
  const geo = await openGeo({ pollMs: 0, ...options });
  onTestFinished(geo.close);
  return geo;
}

describe("the free country databases", () => {
  test("the one that is installed is used when no file is named, and its credit is told", async () => {
    const geo = await open({});
    expect(geo.locate("8.8.8.8")?.country).toBe("US");
    expect(geo.locate("2001:4860:4860::8888")?.country).toMatch(/^[A-Z]{2}$/);
    expect(geo.locate("10.0.0.1")?.country).toBeUndefined();
    expect(geo.credit).toContain("nro.net");
  });

  test("the second one is taken where the first is not installed", async () => {
    const only = (id: string): string => {
      if (!id.startsWith("@ip-location-db/iptoasn")) throw new Error("not installed");
      return import.meta.resolve(id).replace("file://", "");
    };
    const found = findFreeDatabase(only)!;
    expect(found.package).toBe(FREE_DATABASES[1]!.package);
    const geo = await open({ country: found.path });
    expect(geo.locate("8.8.8.8")?.country).toBe("US");
    expect(
      findFreeDatabase(() => {
        throw new Error("none");
      }),
    ).toBeUndefined();
  });
});
