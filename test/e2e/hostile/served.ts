import { X509Certificate } from "node:crypto";
import { compilePolicy, type Policy } from "@wherefrom/core";
import { TLS_IDENTITY } from "../../conformance/adapters/tls-identity.ts";
import { Dice, seedOf } from "./dice.ts";
import { drawSite } from "./draw-site.ts";
import { drawVisit } from "./draw-visit.ts";
import { proxyHeader } from "./packet.ts";
import { findFault } from "./judge.ts";
import { policyOptionsOf } from "./operator.ts";
import type { Plan, Visit } from "./plan.ts";
import { type Line, requestBytes } from "./request.ts";
import { HEADERS_COUNT, type Sight, UNCOVERED } from "./frameworks.ts";
import { type Kind, KINDS, openService, type Service } from "./service.ts";
import type { Fault } from "./reproduction.ts";
import type { Site } from "./site.ts";
import type { Tally } from "./tally.ts";
import { type Arrival, travel } from "./travel.ts";
import { truthOf } from "./truth.ts";
import { call } from "./visitor.ts";

/** Requests on one connection, at most. */
const VISITS = 24;
const OWN_FINGERPRINT = new X509Certificate(TLS_IDENTITY.cert).fingerprint256;

interface Expected {
  readonly plan: Plan;
  readonly number: number;
  readonly visit: Visit;
  readonly arrival: Arrival;
  /** Where what is wrong is noted. */
  readonly found: Fault[];
}

/** A site that runs here, on loopback, on one server of each kind. */
export class ServedSite {
  readonly site: Site;
  /** Requests that a server saw, and those that it did not, because it refused them. */
  seen = 0;
  refused = 0;
  /** What was answered wrongly, and what is wrong whatever was asked. */
  fault: { readonly plan: Plan; readonly kind: Kind; readonly found: Fault } | undefined;
  complaint: string | undefined;
  readonly #policy: Policy;
  readonly #services: Service[] = [];
  readonly #expected = new Map<string, Expected>();
  #ids = 0;
  readonly #tally: Tally | undefined;

  constructor(site: Site, tally: Tally | undefined) {
    this.site = site;
    this.#tally = tally;
    this.#policy = compilePolicy(policyOptionsOf(site));
  }

  /** Opens the servers: a certificate is asked for by one of them alone. */
  async open(dice: Dice): Promise<void> {
    const kinds = this.site.certificate === undefined ? KINDS : (["https"] as const);
    const headers = this.site.machines.filter(({ speech }) => speech.kind === "proxy").length;
    for (const kind of kinds) {
      const see = (url: string, sight: Sight): void => this.#see(url, sight);
      const complain = (fault: string): void => void (this.complaint ??= fault);
      this.#services.push(
        await openService({ kind, policy: this.#policy, headers, isDual: dice.oneIn(2), see, complain }),
      );
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#services.map((service) => service.close()));
  }

  /** So many connections to every server, one after the other; the servers are visited at the same time. */
  async visit(seed: number, connections: number): Promise<void> {
    await Promise.all(
      this.#services.map(async ({ kind }, lane) => {
        for (let index = 0; index < connections && this.fault === undefined; index++) {
          const plan = this.#drawPlan(seed, lane * connections + index, kind);
          const found = await this.send(plan, kind);
          if (found !== undefined) this.fault ??= { plan, kind, found };
        }
      }),
    );
  }

  #drawPlan(seed: number, index: number, kind: Kind): Plan {
    const dice = new Dice(seedOf(seed, index));
    const first = drawVisit(dice, this.site, true);
    const count = kind === "net" ? 1 : dice.between(1, VISITS);
    const others = dice.times(count - 1, () => drawVisit(dice, this.site, true, first));
    const visits = [first, ...others].map((visit) => asSpoken(visit, kind));
    return {
      seed,
      index,
      site: this.site,
      visits,
      maxHeadersCount: HEADERS_COUNT,
      isMapped: false,
      oddity: kind === "net" ? "not-asked" : "none",
    };
  }

  /** Sends what is in the plan. What follows a request that the server refuses and closes upon goes over a new connection. */
  async send(plan: Plan, kind: Kind): Promise<Fault | undefined> {
    const service = this.#services.find((each) => each.kind === kind) as Service;
    const found: Fault[] = [];
    let rest = plan.visits.map((visit, number): [string, Expected] => {
      const arrival = travel(this.site, visit, seedOf(plan.seed, plan.index + number), HEADERS_COUNT);
      return [`${++this.#ids}`, { plan, number, visit, arrival, found }];
    });
    while (rest.length > 0) {
      for (const [id, expected] of rest) this.#expected.set(kind === "net" ? "" : id, expected);
      await this.#send(plan, service, rest);
      const seen = rest.filter(([id]) => !this.#expected.has(kind === "net" ? "" : id)).length;
      this.seen += seen;
      for (const [id] of rest) this.#expected.delete(kind === "net" ? "" : id);
      if (found.length > 0) return found[0];
      if (seen === rest.length) return undefined;
      // A server that closes behind an answer has not seen what follows; one that saw nothing has refused the first.
      if (seen === 0) this.refused++;
      rest = rest.slice(seen === 0 ? 1 : seen);
    }
    return undefined;
  }

  async #send({ index }: Plan, { kind, port }: Service, rest: readonly [string, Expected][]): Promise<void> {
    const [, { visit, arrival }] = rest[0] as [string, Expected];
    if (rest.length > 1)
      this.#tally?.note(
        index % 2 === 0 ? "one after the other" : kind === "http2" ? "concurrent streams" : "pipelined",
      );
    const own = arrival.said.map(({ machine, about }) => proxyHeader(machine, about));
    await call({
      kind,
      port,
      from: (visit.path[0] ?? visit.client).address,
      head: Buffer.concat([...own, visit.request.prelude]),
      requests:
        kind === "net" ? [] : rest.flatMap(([id, expected], at) => bytesOf(id, expected, kind, at === rest.length - 1)),
      fields: rest.map(([id, expected]) => ({
        path: `/v/${id}`,
        authority: expected.visit.request.authority ?? "",
        lines: expected.arrival.lines,
      })),
      isPatient: index % 2 === 0,
      showsCertificate: visit.path[0]?.showsCertificate === true,
    });
  }

  #see(url: string, sight: Sight): void {
    const id = /\/v\/(\d+)$/.exec(url)?.[1] ?? "";
    const expected = this.#expected.get(id);
    // What comes a second time on a connection that was given up is known already.
    if (expected === undefined) return;
    this.#expected.delete(id);
    const { plan, number, visit, arrival, found } = expected;
    const { resolution, ip } = sight;
    const isCut = resolution.stop === "headers-cut" && arrival.isCut;
    const truth = truthOf(plan, visit, { ...arrival, isCut });
    const fault =
      findFault(truth, plan, visit, arrival, resolution) ??
      (ip === resolution.client?.address
        ? undefined
        : `getClientIp says ${ip}, getClient ${resolution.client?.address}`) ??
      findViewFault(sight) ??
      findNobodyFault(visit, sight);
    if (fault !== undefined) found.push({ visit: number, fault });
    this.#tally?.count(plan, visit, truth, resolution);
  }
}

/** The site of this number, which can run here. */
export function drawServedSite(seed: number, index: number): Site {
  const dice = new Dice(seedOf(seed, index));
  const site = drawSite(dice, { isLocal: true, layer4: ["proxy"] });
  return typeof site.certificate === "object" ? { ...site, certificate: { fingerprint256: OWN_FINGERPRINT } } : site;
}

/** The visit as a server of this kind hears it. */
function asSpoken(visit: Visit, kind: Kind): Visit {
  const { authority, ...request } = visit.request;
  if (kind === "http2")
    return {
      ...visit,
      request: { ...request, version: "2", authority: authority ?? "shop.example", target: "/v", trailers: [] },
    };
  return { ...visit, request: { ...request, version: request.version === "2" ? "1.1" : request.version } };
}

/** The request; under Express once more to a path that no policy covers. */
function bytesOf(id: string, expected: Expected, kind: Kind, isLast: boolean): readonly Uint8Array[] {
  const { visit, arrival } = expected;
  const { target } = visit.request;
  const own = requestBytes({ ...visit.request, target: `${target}/${id}` }, withUpgrade(expected, kind, isLast));
  if (kind !== "express" || visit.request.version === "1.0") return [own];
  return [requestBytes({ ...visit.request, target: target.replace(/\/v$/, UNCOVERED) }, arrival.lines), own];
}

/** The last request of some connections asks for another protocol, which every machine on the way passes on. */
function withUpgrade({ plan, visit, arrival }: Expected, kind: Kind, isLast: boolean): readonly Line[] {
  const isUpgrade =
    isLast &&
    plan.index % 3 === 0 &&
    (kind === "http" || kind === "https") &&
    visit.request.version === "1.1" &&
    visit.request.trailers.length === 0;
  // Two lines more must not be the ones that node:http leaves out.
  return isUpgrade && arrival.lines.length + 2 < HEADERS_COUNT
    ? [...arrival.lines, ["Connection", "Upgrade"], ["Upgrade", "websocket"]]
    : arrival.lines;
}

/** Asked about under a policy that believes nobody, the client is the peer. */
function findNobodyFault({ path, client }: Visit, sight: Sight): string | undefined {
  const peer = (path[0] ?? client).address;
  if (!("nobody" in sight) || sight.nobody === peer) return undefined;
  return `under a policy that believes nobody the client is ${sight.nobody}, and the peer ${peer}`;
}

/** A framework's own words are the answer's where a believed machine said so, and its own everywhere else. */
function findViewFault({ resolution, view, bare }: Sight): string | undefined {
  if (view === undefined) return undefined;
  const { client, nearest, origin } = resolution;
  if (nearest !== undefined && view.ip !== (client ?? nearest).address)
    return `the framework's ip is ${view.ip}, and the answer ${(client ?? nearest).address}`;
  if (bare === undefined) return undefined;
  if (view.protocol !== (origin.protocol ?? bare.protocol))
    return `the framework's protocol is ${view.protocol}, its own ${bare.protocol}, and a believed machine's ${origin.protocol}`;
  if (origin.hostFrom === "hop")
    return view.hostname === origin.host?.replace(/:\d+$/, "")
      ? undefined
      : `the framework's host name is ${view.hostname}, and a believed machine's ${origin.host}`;
  return view.host === bare.host && view.hostname === bare.hostname
    ? undefined
    : `the framework's host is ${view.host} (${view.hostname}), and its own without us ${bare.host} (${bare.hostname})`;
}
