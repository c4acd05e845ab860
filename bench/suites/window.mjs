// The live window under a spray of source addresses, and what it and a place cost an event. (What a line of JSON with its place costs is in audit.mjs.)
import { createRequire } from "node:module";
import { openGeo } from "@wherefrom/audit/geo";
import { TrafficWindow } from "@wherefrom/audit/internal";
import { compilePolicy, resolve } from "@wherefrom/core";
import { median, shuffled, spread } from "../harness/interleaved.mjs";
import { judge, versionOf } from "../harness/row.mjs";

const SPRAY = 10_000_000;
/** Requests a second: the spray is over after 100 seconds of the window's clock, so that its parts come and go. */
const RATE = 100_000;
const HEAVY = "203.0.113.7";
const WARM_UP = 5;
const ROUNDS = 31;
/** Keeps results alive, so that no call is optimised away. */
const kept = { result: undefined };
const policy = compilePolicy({ trust: [] });

const resolutionOf = (peer) => resolve({ connection: { transport: "tcp", peer, peerPort: 40000, claims: [] } }, policy);

export async function measure() {
  return [...measureSpray(), ...(await measureEvent())];
}

function measureSpray() {
  globalThis.gc?.();
  const before = process.memoryUsage();
  let time = 1_800_000_000_000;
  const window = new TrafficWindow({ now: () => time });
  let most = 0;
  let heavy = 0;
  const start = process.cpuUsage();
  for (let n = 0; n < SPRAY; n++) {
    time = 1_800_000_000_000 + (n * 1000) / RATE;
    const isHeavy = n % 50 === 0;
    // A new address each time: a bijection of the numbers.
    const bits = Math.imul(n, 2654435761) >>> 0;
    const peer = isHeavy
      ? HEAVY
      : `${1 + ((bits >>> 24) % 223)}.${(bits >>> 16) & 255}.${(bits >>> 8) & 255}.${bits & 255}`;
    window.add({ resolution: resolutionOf(peer), request: { path: `/${bits}`, userAgent: `agent ${bits}` } });
    if (isHeavy && n >= SPRAY - 60 * RATE) heavy++;
    if (n % 100_000 === 0) {
      globalThis.gc?.();
      const now = process.memoryUsage();
      most = Math.max(most, now.heapUsed + now.arrayBuffers - before.heapUsed - before.arrayBuffers);
    }
  }
  const { user, system } = process.cpuUsage(start);
  const { top, sources, requests } = window.report();
  const [first] = top.address;
  const detail = `${SPRAY / 1e6} million events from as many addresses, with as many paths and user agents; ${((user + system) / SPRAY).toFixed(2)} us an event, its resolution included; rss ${(process.memoryUsage.rss() / 1e6).toFixed(0)} MB; ${sources} sources estimated in ${requests} requests`;
  const bounds = `${first.name}: ${first.requests - first.error} to ${first.requests}, in truth near ${heavy}`;
  return [
    judge({
      case: "spray",
      subject: "the window's memory, MB",
      against: "the bound",
      ratio: most / 1e6,
      noise: 0,
      must: "<= 64 MB",
      detail,
    }),
    judge({
      case: "spray",
      subject: "error of the heaviest address, of all requests",
      against: "1 / capacity",
      ratio: first.name === HEAVY ? first.error / requests : 1,
      noise: 0,
      must: "<= 0.00196",
      detail: bounds,
    }),
  ];
}

async function measureEvent() {
  const country = createRequire(import.meta.url).resolve(
    "@ip-location-db/geo-whois-asn-country-mmdb/geo-whois-asn-country.mmdb",
  );
  const geo = await openGeo({ country, pollMs: 0 });
  const events = Array.from({ length: 4096 }, (_, n) => ({
    name: "client.resolved",
    time: new Date(),
    resolution: resolutionOf(`${1 + ((n * 53) % 222)}.${(n * 7) % 256}.${n % 256}.9`),
    transport: "tcp",
    local: { address: "10.0.0.1", port: 8080 },
    request: {
      method: "GET",
      path: "/login",
      status: 200,
      userAgent: "Mozilla/5.0 (X11; Linux x86_64)",
      httpVersion: "1.1",
      bytes: 42,
    },
    outcome: "success",
  }));
  const window = new TrafficWindow({ locate: geo.locate });
  let fresh = 0;
  const times = processorTime(
    {
      "a place that is remembered": (event) => geo.locate(event.resolution.client.address),
      "a place that is not": () =>
        geo.locate(`${1 + (fresh++ % 222)}.${(fresh >> 8) & 255}.${fresh & 255}.${(fresh >> 4) & 255}`),
      window: (event) => window.add(event),
    },
    events,
  );
  geo.close();
  const row = (title, name, must) =>
    judge({
      case: title,
      subject: `${name}, us`,
      against: "the bound",
      ratio: median(times[name]),
      noise: spread(times[name]),
      must,
      detail: versionOf("maxmind"),
    });
  return [
    row("geo", "a place that is remembered", undefined),
    row("geo", "a place that is not", undefined),
    row("live window", "window", undefined),
  ];
}

/** Microseconds of processor time a call, by round: the bounds are of that, and other processes do not count. */
function processorTime(subjects, inputs) {
  const samples = Object.fromEntries(Object.keys(subjects).map((name) => [name, []]));
  for (let round = -WARM_UP; round < ROUNDS; round++) {
    for (const name of shuffled(Object.keys(subjects))) {
      const start = process.cpuUsage();
      for (const input of inputs) kept.result = subjects[name](input);
      const { user, system } = process.cpuUsage(start);
      if (round >= 0) samples[name].push((user + system) / inputs.length);
    }
  }
  return samples;
}
