import { EcsFlat, EcsVersion } from "@elastic/ecs";
import { clientFields, formatEcs, runWithClient } from "@wherefrom/audit";
import { ECS_VERSION, formatEcsLine } from "@wherefrom/audit/internal";
import { EcsFlat as EcsFlat8, EcsVersion as EcsVersion8 } from "ecs8";
import { beforeAll, describe, expect, test } from "vitest";
import { AUDITED, RESOLUTIONS } from "./audited.ts";
import { typeErrors } from "./ecs-compiler.ts";
import { type EcsSchema, schemaErrors } from "./ecs-schema.ts";

/** Documents as Elasticsearch gets them, once each, and a title of each. */
const DOCUMENTS = new Map(
  AUDITED.flatMap(({ title, record }) => [
    [JSON.stringify(formatEcs(record)), title],
    [JSON.stringify(JSON.parse(formatEcsLine(record))), `${title}, as a line`],
  ]),
);
const documents = [...DOCUMENTS.keys()].map((text) => JSON.parse(text) as object);
const titles = [...DOCUMENTS.values()];

/** What is wrong here, each by what TypeScript says of it and by what the schema says. */
const WRONG: readonly (readonly [title: string, wrong: object, type: RegExp | undefined, schema: RegExp])[] = [
  [
    "a field that ECS does not have",
    { source: { ipv4: "192.0.2.1" } },
    /'"ipv4"' does not exist in type 'EcsSource'/,
    /source\.ipv4 is no field/,
  ],
  [
    "a set that ECS does not have",
    { where: { from: "x" } },
    /'"where"' does not exist in type 'Document'/,
    /where\.from is no field/,
  ],
  [
    "a deep field that ECS does not have",
    { source: { as: { org: "x" } } },
    /'"org"' does not exist/,
    /source\.as\.org is no field/,
  ],
  [
    "a text for a number",
    { source: { port: "80" } },
    /'string' is not assignable to type 'number'/,
    /source\.port: "80" is no long/,
  ],
  [
    "a number for a text",
    { http: { version: 1.1 } },
    /'number' is not assignable to type 'string'/,
    /http\.version: 1\.1 is no keyword/,
  ],
  ["half a location", { source: { geo: { location: { lat: 1 } } } }, /'lon' is missing/, /is no geo_point/],
  ["a hash for an address", { source: { ip: "h:11" } }, undefined, /source\.ip: "h:11" is no ip/],
  ["a zone", { server: { ip: "fe80::1%eth0" } }, undefined, /server\.ip: "fe80::1%eth0" is no ip/],
  ["a zone in a list", { related: { ip: ["::1", "fe80::1%eth0"] } }, undefined, /related\.ip: .* is no ip/],
  ["a fraction of a nanosecond", { event: { duration: 0.5 } }, undefined, /event\.duration: 0\.5 is no long/],
  ["a day for a time", { "@timestamp": "yesterday" }, undefined, /@timestamp: "yesterday" is no date/],
  [
    "a word that ECS does not allow",
    { event: { kind: "attack" } },
    undefined,
    /event\.kind: "attack" is no allowed word/,
  ],
  ["a category in no list", { event: { category: "web" } }, undefined, /event\.category: "web" is no list/],
  [
    "a type that its category does not have",
    { event: { category: ["web"], type: ["denied"] } },
    undefined,
    /event\.type: denied is none of web/,
  ],
  ["a text that is not indexed", { user: { id: "x".repeat(1025) } }, undefined, /longer than 1024/],
];

const valid = { "@timestamp": "2026-11-24T08:09:10.123Z", ecs: { version: ECS_VERSION } };

// 8.11.5 is the last version of 8 on npm; its types are of ECS 8.11.
describe.each([
  ["@elastic/ecs", EcsVersion, EcsFlat as unknown as EcsSchema],
  ["ecs8", EcsVersion8, EcsFlat8 as unknown as EcsSchema],
])("by the types and the schema of %s (ECS %s)", (name, _version, schema) => {
  let errors: ReadonlyMap<number, string>;
  beforeAll(async () => {
    const all = [...documents, ...WRONG.map(([, wrong]) => ({ ...valid, ...wrong }))];
    errors = await typeErrors(name, all);
  });

  test("every field of every kind of event is one of ECS's, and of its type", () => {
    const wrong = [...errors].filter(([index]) => index < documents.length);
    expect(wrong.map(([index, error]) => `${titles[index]}: ${error}`)).toEqual([]);
  });

  test("addresses are addresses, times are times, and words are allowed ones", () => {
    const wrong = documents.flatMap((each, index) =>
      schemaErrors(schema, each).map((error) => `${titles[index]}: ${error}`),
    );
    expect(wrong).toEqual([]);
  });

  test("so are the fields that any line of a request's work is given", () => {
    for (const resolution of RESOLUTIONS) {
      const fields = JSON.parse(JSON.stringify(runWithClient(resolution, clientFields))) as object;
      expect(fields).toHaveProperty("wherefrom.stop");
      expect(schemaErrors(schema, fields)).toEqual([]);
    }
  });

  test.each(WRONG.map((row, index) => [...row, index] as const))(
    "%s is refused",
    (_title, wrong, type, expected, index) => {
      expect(errors.get(documents.length + index) ?? "").toMatch(type ?? /^$/);
      expect(schemaErrors(schema, { ...valid, ...wrong }).join("\n")).toMatch(expected);
    },
  );
});

/**
 * 8.17 has every field that 8.11 has, and ECS takes fields away in major versions only (https://www.elastic.co/docs/release-notes/ecs/breaking-changes: in 9.0 five, none of
 * them ours). What conforms to the one before it and to the newest one conforms to it.
 */
test("the version that is written lies between the two whose types are published", () => {
  expect([EcsVersion, ECS_VERSION, EcsVersion8].toSorted(new Intl.Collator("en", { numeric: true }).compare)).toEqual([
    EcsVersion8,
    ECS_VERSION,
    EcsVersion,
  ]);
});
