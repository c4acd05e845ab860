import { Agent } from "node:http";
import { Agent as SecureAgent } from "node:https";
import { randomInt } from "node:crypto";
import { CARRIER_NAMES, carrierValue } from "./carrier-names.ts";
import { carriersOf } from "../evidence/header-element.ts";
import { type Evidence, type Incident, isAnswered } from "../evidence/probe.ts";
import { FORGED_ORIGIN } from "../evidence/made-up.ts";
import type { HeaderLine } from "../evidence/sighting.ts";
import { headersIn, rulesOf } from "../candidates/policy-shape.ts";
import { Nonces } from "./nonces.ts";
import { offersHttp2 } from "./http2.ts";
import { pathKey } from "../behaviour/survey.ts";
import type { Prober } from "./prober.ts";
import { PROOF_WINDOW_MS } from "@wherefrom/doctor/protocol";
import { proxyV1, proxyV2 } from "./proxy-bytes.ts";
import { tlsOptions } from "./http1.ts";

/** Plain requests at first: a balancer that goes by turns over a few machines shows them. */
const PLAIN_COUNT = 6;
/** Failed plain requests after which no more are tried: a service behind a balancer may answer the next one. */
const FAILED_LIMIT = 2;
/** Probes that are under way at the same time. With `--gentle` there is one. */
const WIDTH = 4;
/** Most carriers that are made up, and of these those that the service's own words added. */
const CARRIER_LIMIT = 40;
/** How often, for each header, probes go on where several paths were met and some headers have not gone by each. */
const ROUNDS = 4;
/** Of the probes on that search, how many make up all headers at once. */
const ALL_SHARE = 0.7;

/** Lines of no meaning behind a made-up header. Products differ in how many they take; node:http keeps 1000 where nothing else is said. */
const PADS: readonly (readonly HeaderLine[])[] = [
  Array.from({ length: 60 }, (_, index) => [`wf${index}`, "1"] as const),
  // Go's proxies write names in the order of the alphabet: these stand first.
  Array.from({ length: 1000 }, () => ["a", "1"] as const),
];

/** Sends all probes of one URL path. After the edge has refused one, what came before it is the evidence. */
export async function runProbes(
  prober: Prober,
  me: string | undefined,
  askIncidents: () => Promise<readonly Incident[] | undefined>,
): Promise<Evidence> {
  const nonces = new Nonces();
  const evidence = (carriers: readonly string[], incidents: Evidence["incidents"]): Evidence => ({
    probes: prober.probes,
    nonces: nonces.labels,
    carriers,
    me,
    incidents,
    refusal: prober.refusal,
    skewMs: skewOf(prober),
    location: prober.location,
  });
  await sendPlain(prober);
  if (!prober.probes.some(isAnswered)) {
    // Before our own PROXY headers make incidents of their own.
    const incidents = await askIncidents();
    // A server that wants a PROXY header closes the connection. One that says nothing would say nothing again.
    const isSilent = prober.probes.every(({ failure }) => failure?.error === "TIMEOUT");
    if (!isSilent) await sendPrefixed(prober, nonces);
    return evidence([], incidents);
  }
  const carriers = carriersFor(prober);
  const values = new Map(carriers.map((carrier) => [carrier, nonces.next(carrier)]));
  await sendHeaders(prober, values);
  await sendSpecial(prober, nonces, carriers);
  await sendKept(prober);
  if (await offersHttp2(prober.options.target, prober.options.signal)) await sendOverHttp2(prober, nonces);
  if (prober.options.direct !== undefined) await sendDirect(prober, nonces, carriers);
  // Last, what a firewall may ban.
  const [many = []] = [nonces.next("x-forwarded-for")].map((address) => [["X-Forwarded-For", address] as const]);
  for (const pads of PADS) await prober.send({ purpose: "many-lines", lines: [...many, ...pads] });
  await sendPrefixed(prober, nonces);
  return evidence(carriers, await askIncidents());
}

/** A difference of clocks for which no proof is good; undefined for a smaller one, and where the doctor answered. */
function skewOf({ skews, probes, options }: Prober): number | undefined {
  const [skew] = skews;
  if (skew === undefined || probes.some(isAnswered)) return undefined;
  return Math.abs(skew - options.skewMs) > PROOF_WINDOW_MS ? skew : undefined;
}

async function sendPlain(prober: Prober): Promise<void> {
  for (let count = 0; count < PLAIN_COUNT; count++) {
    await prober.send({ purpose: "plain" });
    const failed = prober.probes.filter((probe) => !isAnswered(probe)).length;
    if (failed >= FAILED_LIMIT && failed === prober.probes.length) return;
  }
}

/** The known ones, those that the policy reads, and those that arrive with addresses; but no header by which a machine proves itself. */
function carriersFor({ probes }: Prober): readonly string[] {
  const sightings = probes.filter(isAnswered).map(({ sighting }) => sighting);
  const policies = sightings.map(({ service }) => service.policy);
  const demanded = new Set(
    policies
      .flatMap((policy) => [...rulesOf(policy).map((rule) => rule.with), (policy as { with?: unknown }).with])
      .map((demand) =>
        typeof demand === "object" && demand !== null ? (demand as { header?: unknown }).header : undefined,
      ),
  );
  const names = [...CARRIER_NAMES, ...policies.flatMap(headersIn), ...sightings.flatMap(carriersOf)];
  return [...new Set(names)].filter((name) => !demanded.has(name) && TOKEN.test(name)).slice(0, CARRIER_LIMIT);
}

/** A field name (RFC 9110, 5.1) in lower case. */
const TOKEN = /^[!#$%&'*+.^_`|~0-9a-z-]{1,64}$/;

/** Each header alone, and all at once; on until each has gone by each path that was met. */
async function sendHeaders(prober: Prober, values: ReadonlyMap<string, string>): Promise<void> {
  const one = (carrier: string) => () =>
    prober.send({ purpose: "header", subject: carrier, lines: [lineOf(carrier, values)] });
  const all = () =>
    prober.send({ purpose: "all-headers", lines: [...values.keys()].map((carrier) => lineOf(carrier, values)) });
  // Shuffled: by a balancer that goes by turns, the same header would always take the same path.
  await inParallel(prober, [...shuffle([...values.keys()]).map(one), all]);
  for (let count = 0; count < ROUNDS * values.size && prober.refusal === undefined; count++) {
    const missing = missingFrom(prober, [...values.keys()]);
    if (missing.length === 0) return;
    const carrier = missing[randomInt(missing.length)] as string;
    await (randomInt(100) < ALL_SHARE * 100 ? all() : one(carrier)());
    // By turns of two, a plain one between puts the next on the other path.
    if (randomInt(2) === 0) await prober.send({ purpose: "plain" });
  }
}

function lineOf(carrier: string, values: ReadonlyMap<string, string>): HeaderLine {
  return [carrier, carrierValue(carrier, values.get(carrier) as string)];
}

/** Headers that have not gone by each of several paths. */
function missingFrom({ probes }: Prober, carriers: readonly string[]): readonly string[] {
  const answered = probes.filter(isAnswered);
  const paths = new Set(answered.map(({ sighting }) => pathKey(sighting)));
  if (paths.size < 2) return [];
  const covered = new Set(
    answered.flatMap(({ sent, sighting }) => sent.map(([name]) => `${pathKey(sighting)} ${name.toLowerCase()}`)),
  );
  return carriers.filter((carrier) => [...paths].some((path) => !covered.has(`${path} ${carrier}`)));
}

async function sendSpecial(prober: Prober, nonces: Nonces, carriers: readonly string[]): Promise<void> {
  const next = (): string => nonces.next("x-forwarded-for");
  const [first, second] = [next(), next()];
  const plans = [
    { purpose: "list", lines: [["X-Forwarded-For", `${first},   ${second}`]] },
    {
      purpose: "lines",
      lines: [
        ["X-Forwarded-For", next()],
        ["X-Forwarded-For", next()],
      ],
    },
    { purpose: "unknown", lines: [["X-Forwarded-For", "unknown"]] },
    {
      purpose: "origin",
      lines: [
        ["X-Forwarded-Proto", FORGED_ORIGIN.protocol],
        ["X-Forwarded-Host", FORGED_ORIGIN.host],
        ["X-Forwarded-Port", String(FORGED_ORIGIN.port)],
      ],
    },
    {
      purpose: "look-alikes",
      lines: [
        ["X_Forwarded_For", nonces.next("x_forwarded_for")],
        ["X_Real_IP", nonces.next("x_real_ip")],
      ],
    },
    {
      purpose: "strip",
      lines: [
        ["Connection", ["close", ...carriers].join(", ")],
        ["X-Forwarded-For", next()],
      ],
    },
  ] as const;
  await inParallel(
    prober,
    plans.map((plan) => () => prober.send(plan)),
  );
}

/** Two client connections at the same time, one request each by turns: what a connection claims must not travel from one to the other. */
async function sendKept(prober: Prober): Promise<void> {
  const { target } = prober.options;
  const options = { keepAlive: true, maxSockets: 1 };
  const agents = [1, 2].map(() =>
    target.isSecure ? new SecureAgent({ ...options, ...tlsOptions(target) }) : new Agent(options),
  );
  try {
    for (const index of [0, 1, 0, 1]) {
      await prober.send({ purpose: "kept", subject: String(index + 1), agent: agents[index] as Agent });
    }
  } finally {
    for (const agent of agents) agent.destroy();
  }
}

async function sendOverHttp2(prober: Prober, nonces: Nonces): Promise<void> {
  const next = (): string => nonces.next("x-forwarded-for");
  await prober.send({ purpose: "plain", http: "2" });
  await prober.send({ purpose: "header", subject: "x-forwarded-for", http: "2", lines: [["x-forwarded-for", next()]] });
  const lines = [
    ["x-forwarded-for", next()],
    ["x-forwarded-for", next()],
  ] as const;
  await prober.send({ purpose: "lines", http: "2", lines });
}

async function sendPrefixed(prober: Prober, nonces: Nonces): Promise<void> {
  await prober.send({ purpose: "proxy-v1", prefix: proxyV1(nonces.next("proxy-v1")) });
  await prober.send({ purpose: "proxy-v2", prefix: proxyV2(nonces.next("proxy-v2")) });
}

async function sendDirect(prober: Prober, nonces: Nonces, carriers: readonly string[]): Promise<void> {
  const address = nonces.next("direct");
  await prober.send({ purpose: "plain", route: "direct" });
  const lines = carriers.map((carrier): HeaderLine => [carrier, carrierValue(carrier, address)]);
  await prober.send({ purpose: "all-headers", route: "direct", lines });
  // A header of one value is not read where another one is, too.
  for (const carrier of readCarriers(prober, carriers)) {
    await prober.send({
      purpose: "header",
      subject: carrier,
      route: "direct",
      lines: [[carrier, carrierValue(carrier, address)]],
    });
  }
  await prober.send({ purpose: "proxy-v1", route: "direct", prefix: proxyV1(nonces.next("proxy-v1")) });
}

function readCarriers({ probes }: Prober, carriers: readonly string[]): readonly string[] {
  const read = probes.filter(isAnswered).flatMap(({ sighting }) => headersIn(sighting.service.policy));
  return carriers.filter((carrier) => read.includes(carrier));
}

/** Runs all, a few at the same time, each started in its order. */
async function inParallel(prober: Prober, jobs: readonly (() => Promise<unknown>)[]): Promise<void> {
  const waiting = [...jobs];
  const width = prober.options.pauseMs > 0 ? 1 : WIDTH;
  const work = async (): Promise<void> => {
    for (let job = waiting.shift(); job !== undefined; job = waiting.shift()) await job();
  };
  await Promise.all(Array.from({ length: width }, work));
}

function shuffle<Item>(items: Item[]): Item[] {
  for (let last = items.length - 1; last > 0; last--) {
    const other = randomInt(last + 1);
    [items[last], items[other]] = [items[other] as Item, items[last] as Item];
  }
  return items;
}
