import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as presets from "@wherefrom/core/presets";
import { settingsFromText } from "@wherefrom/sources";
import { Ajv2020 } from "ajv/dist/2020.js";
import { afterAll, describe, expect, test } from "vitest";

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

const directory = mkdtempSync(join(tmpdir(), "wherefrom-schema-"));
afterAll(() => rmSync(directory, { recursive: true }));
const secret = join(directory, "secret");
writeFileSync(secret, "correct horse battery\n");

const schema = JSON.parse(
  readFileSync(createRequire(import.meta.url).resolve("@wherefrom/sources/settings.schema.json"), "utf8"),
) as object;
const validate = new Ajv2020({ allErrors: false, strict: true, strictRequired: false }).compile(schema);

/** Why the reader does not take it; undefined where it does. */
function refusal(settings: Json): string | undefined {
  try {
    settingsFromText(JSON.stringify(settings), { env: { KEY: "correct horse battery" } }).source.close();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

const DEMAND = { header: "x-origin-key", equals: { env: "KEY" } };
const ORIGIN = ["x-forwarded-proto", { header: "x-scheme", tells: "protocol" }];
const LIST = { file: "/nowhere/list.txt" };
const XFF = "x-forwarded-for";

/** Every place from which prefixes come, with every option. */
const LISTS: Readonly<Record<string, Json>> = {
  file: {
    file: "/nowhere/a.json",
    format: "json",
    service: "CLOUDFRONT_ORIGIN_FACING",
    within: ["private"],
    everyMs: 10,
    staleMs: 1,
    most: 1,
  },
  dns: { dns: "lb.example", servers: ["127.0.0.1:9"], within: ["10.0.0.0/8"], staleMs: 1, most: 1 },
  url: {
    url: "https://127.0.0.1:9/a.csv",
    format: "csv",
    within: ["private"],
    everyMs: 10,
    staleMs: 1,
    most: 1,
    ca: "x",
  },
  service: { url: "https://127.0.0.1:9/a.json", service: "AzureFrontDoor.Backend" },
  vendor: { vendor: "google-front-ends", servers: ["127.0.0.1:9"], everyMs: 10, staleMs: 1, most: 1 },
  azure: { vendor: "azure-front-door", url: "https://127.0.0.1:9/ServiceTags.json", ca: "x" },
  nodes: { kubernetesNodes: { within: ["private"], everyMs: 10, staleMs: 1, most: 1 } },
  service2: { kubernetesPods: { namespace: "a", service: "b", within: ["cgnat"], everyMs: 10, staleMs: 1, most: 1 } },
  selector: { kubernetesPods: { namespace: "a", selector: "app=b" } },
  gateway: { containerGateway: { routes: "/nowhere", routes6: "/nowhere", everyMs: 10 } },
};

/** Every option of a policy. */
const POLICIES: Readonly<Record<string, Json>> = {
  "no machine": { trust: [], infrastructure: ["10.1.0.0/16"], nodesFilterToa: false },
  trust: {
    trust: ["10.0.0.0/24", "list:a"],
    from: XFF,
    silent: "is-client",
    with: DEMAND,
    origin: ORIGIN,
    originIsPrivate: false,
  },
  "a list alone": { trust: "list:a", from: "x-real-ip" },
  hops: {
    hops: 2,
    peers: ["10.0.0.0/8"],
    from: XFF,
    with: { ...DEMAND, machines: 2 },
    origin: ORIGIN,
    originIsPrivate: true,
    infrastructure: ["10.1.0.0/16"],
  },
  "an own header": { trust: ["10.0.0.1"], from: { header: "x-edge-client", form: "list", skip: 1 } },
  "several carriers": { trust: ["10.0.0.1"], from: ["toa", "proxy-protocol", XFF] },
  "headers that agree": { trust: ["10.0.0.1"], from: { all: [XFF, "x-real-ip"] } },
  "a certificate": { trust: ["10.0.0.1"], from: XFF, with: { certificate: "authorized" } },
  "a fingerprint": { trust: ["10.0.0.1"], from: XFF, with: { certificate: { fingerprint256: "ab".repeat(32) } } },
  "several secrets": {
    trust: ["10.0.0.1"],
    from: XFF,
    with: { header: "x-key", equals: [{ env: "KEY" }, { file: secret }] },
  },
  rules: {
    rules: [
      {
        name: "edge",
        peers: ["list:a"],
        says: "cf-connecting-ip",
        silent: "unknown",
        with: DEMAND,
        ranges: "list:a",
        appends: [XFF],
        origin: ORIGIN,
        originIsPrivate: true,
      },
      { peers: ["10.9.0.0/16"], says: "nothing" },
      {
        peers: ["10.8.0.1"],
        says: "x-real-ip",
        ranges: { source: "ours", asOf: "2026-11-01", prefixes: ["10.8.0.1"] },
      },
    ],
    infrastructure: "list:a",
  },
};

const OWN = { peers: ["10.0.0.0/24"], origin: ORIGIN };
const SHARED = { ranges: "list:a", with: DEMAND, originIsPrivate: false, origin: ORIGIN };
const OPTIONS: Readonly<Record<string, Json>> = {
  awsRestApi: { ...OWN, endpoint: "edge" },
  cloudRun: { ...OWN, behind: "load-balancer" },
  googleLoadBalancer: { peers: ["10.0.0.0/24"] },
  ingressNginx: { ...OWN, says: XFF },
  flyIo: { ...OWN, says: XFF },
  render: { ...OWN, says: XFF },
  netlify: { ...OWN, with: DEMAND },
  azureFrontDoor: { ranges: "list:a", frontDoorId: "a0a0a0a0-bbbb-cccc-dddd-e1e1e1e1e1e1" },
};
const HARDENED = ["akamai", "bunny", "fastly", "gcore", "keycdn"];
const SHARING = [
  "alibabaCdn",
  "cloudflare",
  "cloudfront",
  "cloudfrontForwardedFor",
  "imperva",
  "sucuri",
  "tencentEdgeOne",
];
const { parseRangeTable: _, ...rules } = presets;

/** Every preset, with every option. */
const PRESETS = Object.keys(rules).map((preset): readonly [string, Json] => {
  const shared = HARDENED.includes(preset)
    ? { ...SHARED, clientHeaderIsOverwritten: true }
    : SHARING.includes(preset)
      ? SHARED
      : OWN;
  return [`preset ${preset}`, { rules: [{ preset, ...((OPTIONS[preset] ?? shared) as object) }] }];
});

const SERVERS: Readonly<Record<string, Json>> = {
  required: { proxyProtocol: "required", notices: false },
  limits: {
    proxyProtocol: { optionalFrom: ["10.0.0.1"], offFrom: ["10.0.0.2"], timeoutMs: 4000, limitBytes: 512, headers: 2 },
  },
  "the peer": { proxyProtocol: { namesPeer: true } },
  "a product": { proxyProtocol: "off", toa: "lvs" },
  "a reader": { toa: { product: "lvs", reader: "saved-syn" } },
  "an own product": {
    toa: { kind: 254, length: 8, layout: "port-ipv4", packets: ["ack"], position: "any", strips: true },
  },
};
const BOTH = { rules: [{ peers: ["10.0.0.1"], says: ["toa", "proxy-protocol"] }] };

const VALID: readonly (readonly [string, Json])[] = [
  ...Object.entries(LISTS).map(([name, a]): readonly [string, Json] => [
    `list ${name}`,
    { lists: { a }, policy: { trust: [] } },
  ]),
  ...[...Object.entries(POLICIES), ...PRESETS].map(([name, policy]): readonly [string, Json] => [
    name,
    { $schema: "s", lists: { a: LIST }, policy },
  ]),
  ...Object.entries(SERVERS).map(([name, server]): readonly [string, Json] => [
    `server ${name}`,
    { policy: BOTH, server },
  ]),
];

/** Values that are wrong for nearly every option. */
const OTHERS: readonly Json[] = [null, true, -1, 1.5, "", {}, [], [1]];

/** The same with one thing changed: a key that no object has, another value, a key that is left out. With the place of the change. */
function* changed(value: Json, place = ""): Generator<readonly [place: string, Json]> {
  for (const other of OTHERS) yield [`${place} = ${JSON.stringify(other)}`, other];
  if (Array.isArray(value)) {
    for (const [index, each] of (value as readonly Json[]).entries())
      for (const [at, other] of changed(each, `${place}/${index}`)) yield [at, value.with(index, other) as Json];
  } else if (typeof value === "object" && value !== null) {
    const object = value as Readonly<Record<string, Json>>;
    yield [`${place} with a key more`, { ...object, strange: 1 }];
    for (const [key, each] of Object.entries(object)) {
      const { [key]: _left, ...others } = object;
      yield [`${place} without ${key}`, others];
      for (const [at, other] of changed(each, `${place}/${key}`)) yield [at, { ...object, [key]: other }];
    }
  }
}

/** What a schema cannot say: that a list is there which a policy names, and what belongs together. */
const BEYOND =
  /^(?: without lists|\/lists(?: = \{\}| without a)|\/policy\/rules = \[\]|\/policy\/with without machines|\/policy\/from without form|\/policy\/peers = \[\])$/;

describe.each(VALID)("%s", (_name, settings) => {
  test("is taken by the reader and by the schema", () => {
    expect([refusal(settings), validate(settings), validate.errors]).toEqual([undefined, true, null]);
  });

  test("what the reader takes the schema takes, and what the schema takes the reader takes", () => {
    const narrow: string[] = [];
    const wide: string[] = [];
    for (const [place, other] of changed(settings)) {
      const why = refusal(other);
      const isValid = validate(other);
      if (why === undefined && !isValid) narrow.push(place);
      if (why !== undefined && isValid && !BEYOND.test(place)) wide.push(`${place}: ${why}`);
    }
    expect({ narrow, wide }).toEqual({ narrow: [], wide: [] });
  });
});
