import { describe, expect, test } from "vitest";
import { placeOfRecord } from "./place-record.ts";

describe("a record of any shape", () => {
  test.each([
    ["MaxMind's", { country: { iso_code: "DE" }, registered_country: { iso_code: "US" } }, { country: "DE" }],
    ["one that knows only where it was registered", { registered_country: { iso_code: "US" } }, {}],
    [
      "ip-location-db's",
      { country_code: "US", city: "Ashburn", state1: "Virginia", latitude: "39.04", longitude: -77.49 },
      { country: "US", city: "Ashburn", regionName: "Virginia", latitude: 39.04, longitude: -77.49 },
    ],
    [
      "IPinfo's",
      {
        country: "United States",
        country_code: "US",
        continent: "North America",
        continent_code: "NA",
        asn: "AS15169",
        as_name: "Google LLC",
      },
      { country: "US", continent: "NA", asn: 15169, organization: "Google LLC" },
    ],
    ["latitude without longitude", { location: { latitude: 1, accuracy_radius: 5 } }, {}],
    ["coordinates off the earth", { latitude: 91, longitude: 0 }, {}],
    ["a system number that is none", { autonomous_system_number: 0, asn: "ASx" }, {}],
    ["a code that is none", { country_code: "usa", continent: { code: 7 } }, {}],
    ["nothing", undefined, {}],
    ["a text", "US", {}],
  ])("%s", (_, record, expected) => {
    const place = Object.fromEntries(Object.entries(placeOfRecord(record)).filter(([, value]) => value !== undefined));
    expect(place).toEqual(expected);
  });
});
