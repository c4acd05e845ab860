import type { Connection, Evidence, Policy, Resolution } from "@wherefrom/core";
import type { Plan, Visit } from "./plan.ts";
import type { Arrival } from "./travel.ts";
import { type Machine, SITE_HOST, SITE_PORT } from "./site.ts";
import type { Truth } from "./truth.ts";

/** What is wrong with an answer, in one sentence; undefined where nothing is. */
export function findFault(
  truth: Truth,
  plan: Plan,
  visit: Visit,
  arrival: Arrival,
  resolution: Resolution,
): string | undefined {
  const { client, stop, warnings } = resolution;
  if (client !== undefined && client.address !== truth.client) {
    return `the client is ${client.address}, and in truth ${truth.client ?? "not to be known"}`;
  }
  if (client === undefined && truth.isKnowable)
    return `there is no client (${stop}), and ${truth.client} could be known`;
  if (truth.isCut && stop !== "headers-cut") return `lines are missing, and the stop is ${stop}`;
  if (
    truth.isCut &&
    !warnings.some(({ code, detail }) => code === "headers-cut" && detail.includes(`${plan.maxHeadersCount}`))
  ) {
    return "lines are missing, and no warning names the limit";
  }
  return findProofFault(resolution) ?? findOriginFault(truth, plan, visit, arrival, resolution);
}

/** The answer and its proof are one: the last machine that was believed or asked about is the nearest, and all before it were believed. */
export function findProofFault({ client, nearest, stop, hops }: Resolution): string | undefined {
  const isProven = stop === "untrusted-hop" || stop === "path-exhausted";
  if (isProven ? client !== nearest : client !== undefined) return `${stop} with the client ${client?.address}`;
  const machines = hops.filter(
    ({ endpoint, verdict }) => endpoint !== undefined && !(verdict.trusted && verdict.rule.endsWith("skip")),
  );
  const last = machines.at(-1);
  if (last?.endpoint?.address !== nearest?.address)
    return `the proof ends at ${last?.endpoint?.address}, the answer at ${nearest?.address}`;
  if (client !== undefined && last?.verdict.trusted !== (stop === "path-exhausted"))
    return `${stop} at a machine that is ${last?.verdict.trusted === true ? "" : "not "}trusted`;
  const doubted = hops.slice(0, -1).find(({ verdict }) => !verdict.trusted);
  return doubted === undefined
    ? undefined
    : `the proof goes on behind ${doubted.endpoint?.address}, which is not believed`;
}

const writes = (machine: Machine, ...names: readonly Machine["origin"][number][]): boolean =>
  names.some((name) => machine.origin.includes(name));

/** Protocol, host and port are a believed machine's word, or what the request itself says of its host. */
function findOriginFault(
  truth: Truth,
  plan: Plan,
  visit: Visit,
  arrival: Arrival,
  { origin }: Resolution,
): string | undefined {
  const { believed } = truth;
  const told = believed.some((machine) => machine.speech.kind === "forwarded");
  const isTls = believed.some(({ speech }) => speech.kind === "proxy" && speech.isTls);
  const mayTellProtocol =
    told ||
    isTls ||
    believed.some((machine) => writes(machine, "x-forwarded-proto", "x-forwarded-ssl", "front-end-https"));
  const { protocol, port, host, hostFrom } = origin;
  if (protocol !== undefined && !(mayTellProtocol && protocol === plan.site.scheme))
    return `the protocol is ${protocol}, which no believed machine said`;
  if (port !== undefined && !(port === SITE_PORT && believed.some((machine) => writes(machine, "x-forwarded-port")))) {
    return `the port is ${port}, which no believed machine said`;
  }
  if (hostFrom === "hop") {
    const mayTellHost = told || believed.some((machine) => writes(machine, "x-forwarded-host"));
    return mayTellHost && host === SITE_HOST ? undefined : `the host is ${host}, which no believed machine said`;
  }
  const own = plan.oddity === "not-asked" ? {} : ownHost(visit, arrival);
  const isSame = host === own.host && hostFrom === own.hostFrom;
  return isSame || (arrival.isCut && host === undefined)
    ? undefined
    : `the host is ${host} (${hostFrom}), and the request says ${own.host} (${own.hostFrom})`;
}

/** Hosts that these visits send and that are hosts. */
const VALID = ["shop.example", "shop.example:8443", "[2001:db8::1]:443", "evil.example"];

function ownHost(
  { request }: Visit,
  { lines }: Arrival,
): { host?: string; hostFrom?: "authority" | "target" | "host" } {
  if (request.version === "2" && request.authority !== undefined)
    return { host: request.authority, hostFrom: "authority" };
  const named = /^http:\/\/([^/]+)/.exec(request.target)?.[1];
  if (named !== undefined && request.version !== "2") return { host: named, hostFrom: "target" };
  const hosts = lines.filter(([name]) => name.toLowerCase() === "host").map(([, value]) => value);
  const [host] = hosts;
  return hosts.length === 1 && host !== undefined && VALID.includes(host) ? { host, hostFrom: "host" } : {};
}

/** A question to the pure core. */
export interface Case {
  readonly connection: Connection;
  readonly evidence: Omit<Evidence, "connection">;
  readonly policy: Policy;
}
