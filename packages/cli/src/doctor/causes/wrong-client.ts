import type { RuleOptions } from "@wherefrom/core";
import { ageInDays } from "./range-age.ts";
import { type Case, pathOf } from "./case.ts";
import { elementsOf, carriersOf, isList } from "../evidence/header-element.ts";
import { hopsOf, peersIn, rulesOf } from "../candidates/policy-shape.ts";
import { isHonest } from "../evidence/probe.ts";
import { isInside } from "../evidence/address.ts";
import { type Vendor, vendorOf } from "../evidence/vendor.ts";
import { addressesIn } from "../behaviour/own-address.ts";
import type { PathOption } from "../behaviour/path.ts";
import type { Row } from "../verification/evaluation.ts";

/** Why honest requests name another machine, or no client, although the caller's address arrives. */
export function findWrongClients(given: Case): void {
  if (given.survey.isLost) return;
  findHighCount(given);
  for (const row of given.honest) {
    if (row.is === "wrong") findWrong(given, row);
    else if (row.is === "unknown") findUnknown(given, row);
  }
}

/** A count under which honest requests end before it is reached; the caller's own place among the counted machines does not matter. */
function findHighCount({ survey, present, reads, rows, findings }: Case): void {
  const count = hopsOf(present);
  const short = rows.find(
    ({ probe, stop, is }) =>
      isHonest(probe) &&
      is === "unknown" &&
      stop === "carrier-absent" &&
      reads.some((name) => elementsOf(probe.sighting, name).length > 0),
  );
  if (count === undefined || short === undefined) return;
  const counts = survey.paths.flatMap(({ options }) =>
    options.filter(({ kind }) => kind === "header").map(({ machines }) => new Set(machines).size),
  );
  findings.add(
    "error",
    "hop-count-high",
    `the policy counts ${count} machines, and ${Math.max(0, ...counts)} stand in front of the service: honest clients are unknown, and a client that writes a header of its own is taken for what it writes`,
    "count the machines right, or name them in trust",
    "count",
  );
}

function findWrong(given: Case, row: Row): void {
  const { survey, present, reads, findings } = given;
  const { sighting } = row.probe;
  const client = row.client as string;
  const { peer } = sighting.connection;
  const better = betterHeader(given, row);
  const present_ = reads.filter((name) => elementsOf(sighting, name).length > 0);
  if (row.distrust === "demand-unmet") {
    findDemand(given, client);
    return;
  }
  const isBelieved = client === peer && isInside(peersIn(present), client);
  if (isBelieved && reads.length > 0 && present_.length === 0) {
    findMissing(given, client, better);
    return;
  }
  const bare = bareCarrier(given, row);
  if (bare !== undefined) {
    findBare(given, row, bare);
    return;
  }
  if (client === survey.remote && client !== peer && present_.length > 0) {
    findings.add(
      "error",
      "edge-appends-itself",
      `the last element of ${present_[0]} is ${client}, the edge's own public address: it writes itself behind the client, as Google's load balancer does`,
      `from: { header: "${present_[0]}", skip: 1 }, or name ${client} in trust`,
    );
    return;
  }
  if (hopsOf(present) !== undefined && isInside(peersIn(present), client)) {
    findings.add(
      "error",
      "hop-count-low",
      `the policy counts ${hopsOf(present)}, and takes ${client} for the client, which is one of your own machines`,
      "count it too, or name the machines in trust",
    );
    return;
  }
  const isFromHeader = row.hops > 1 && row.namer !== undefined && reads.includes(row.namer);
  if (isFromHeader && !isList(row.namer as string) && better !== undefined && survey.machines.includes(client)) {
    findings.add(
      "error",
      "carriers-disagree",
      `${row.namer} names ${client}, a machine in front of the service, and ${better.label} names ${survey.self.address}, the client`,
      `read ${better.label}`,
    );
    return;
  }
  const vendor = vendorOf(client);
  if (vendor !== undefined) findVendor(given, client, vendor);
  else findUnnamed(given, client, peer);
}

function findDemand({ present, findings }: Case, client: string): void {
  const demands = [...rulesOf(present).map((rule) => rule.with), (present as { with?: RuleOptions["with"] }).with];
  const demand = demands.find((each) => each !== undefined);
  const what = demand !== undefined && "header" in demand ? `the header ${demand.header}` : "the client certificate";
  findings.add(
    "error",
    "demand-unmet",
    `a rule names ${client}, and demands ${what}, which does not arrive as the rule wants it: the service takes ${client} for the client`,
    `let the edge send ${what} with the value of the policy, or correct "with"`,
  );
}

/** A usable header that names the caller, and that the policy does not read. */
function betterHeader({ survey, reads }: Case, { probe }: Row): PathOption | undefined {
  const options = pathOf(survey, probe)?.options ?? [];
  return options.find(({ kind, label, isUsable }) => kind === "header" && isUsable && !reads.includes(label));
}

function findMissing({ reads, findings }: Case, peer: string, better: PathOption | undefined): void {
  const hint = reads.some((name) => name.includes("_"))
    ? " (nginx and others drop names with an underscore on the way)"
    : "";
  findings.add(
    "error",
    "carrier-missing",
    `the policy reads ${reads.join(", ")}, which ${peer} does not send${hint}`,
    better === undefined ? `let the edge set ${reads[0]}` : `read ${better.label}, which names the client`,
  );
}

function findVendor({ present, findings }: Case, client: string, vendor: Vendor): void {
  const known = rulesOf(present).find((rule) => isVendorRule(rule, vendor));
  if (known !== undefined) {
    const age =
      known.ranges === undefined ? "" : `, which are of ${known.ranges.asOf} (${ageInDays(known.ranges)} days old)`;
    findings.add(
      "error",
      "stale-ranges",
      `${client} is in the ranges that ${vendor.name} publishes, and in none of the policy's${age}`,
      "fetch the vendor's ranges anew",
    );
    return;
  }
  findings.add(
    "error",
    "cdn-unnamed",
    `${client} is in the ranges of ${vendor.name}, and no rule names it: the service takes the vendor's edge for the client`,
    `a rule of the preset ${vendor.preset}, with a proof that the request came through your own configuration of it`,
  );
}

function isVendorRule({ name, says, ranges, peers }: RuleOptions, vendor: Vendor): boolean {
  const source = ranges?.source.toLowerCase() ?? "";
  return (
    name === vendor.preset ||
    source.includes(vendor.preset.toLowerCase()) ||
    (vendor.header !== undefined && says === vendor.header) ||
    peers.some((peer) => vendor.prefixes.includes(peer))
  );
}

function findUnnamed({ survey, findings, present }: Case, client: string, peer: string | undefined): void {
  const isGateway = survey.service.gateways.includes(client) && client === peer;
  const what = isGateway
    ? "this service's own gateway (a container bridge, or a node), through which the proxy reaches it"
    : "a machine in front of the service";
  const trusted = peersIn(present).length === 0 ? "" : " too";
  findings.add(
    "error",
    "proxy-unnamed",
    `the service takes ${client} for the client: it is ${what}, and no rule names it`,
    `name ${client} in trust${trusted}`,
  );
}

function findUnknown(given: Case, row: Row): void {
  const { survey, present, reads, findings } = given;
  const { sighting } = row.probe;
  const { transport, peer } = sighting.connection;
  const better = betterHeader(given, row);
  const bare = bareCarrier(given, row);
  if (transport === "unix" && row.stop === "untrusted-hop") {
    findings.add("error", "unix-unnamed", "the peer is a Unix socket, which no rule names", `trust: ["unix"]`);
  } else if (bare !== undefined) {
    findBare(given, row, bare);
  } else if (row.stop === "carrier-absent" && reads.length > 0) {
    if (findings.has("hop-count-high")) return;
    findMissing(given, peer ?? transport, better);
  } else if (row.stop === "address-lost" && addressesIn(sighting).includes(survey.self.address)) {
    const ranges = (present.infrastructure as readonly string[] | undefined) ?? [];
    const holder = ranges.find((range) => isInside([range], survey.self.address));
    if (holder !== undefined) {
      findings.add(
        "error",
        "infrastructure-covers-clients",
        `${survey.self.address}, a client, is inside ${holder}, which the policy lists as infrastructure`,
        "narrow infrastructure to the nodes and Pods",
      );
    } else findUnnamed(given, row.told ?? peer ?? transport, peer);
  } else if (row.stop === "conflict") {
    findConflict(given, row);
  } else {
    findings.add(
      "error",
      "client-unknown",
      `an honest request ends at ${row.stop}: the service knows no client`,
      undefined,
      row.stop,
    );
  }
}

/** An honest request in which the policy's header has several values, or its headers do not agree. */
function findConflict({ reads, findings, survey }: Case, { probe }: Row): void {
  const several = reads.find((name) => elementsOf(probe.sighting, name).length > 1);
  const detail =
    several === undefined
      ? `the headers ${reads.join(", ")} do not agree about an honest request`
      : `${several}, which has one value, arrives with several: ${elementsOf(probe.sighting, several)
          .map(({ text }) => text)
          .join(", ")}`;
  findings.add(
    "error",
    "carriers-disagree",
    detail,
    `let one machine set the header, or read one that names ${survey.self.address} alone`,
  );
}

/** The header of the policy that holds the caller as IPv6 with a port and without brackets. */
function bareCarrier({ survey, reads }: Case, { probe, stop }: Row): string | undefined {
  if (stop !== "malformed-hop") return undefined;
  return carriersOf(probe.sighting).find(
    (name) =>
      reads.includes(name) &&
      elementsOf(probe.sighting, name).some(({ isBare, address }) => isBare && address === survey.self.address),
  );
}

function findBare({ findings }: Case, { probe }: Row, header: string): void {
  const texts = elementsOf(probe.sighting, header).map(({ text }) => text);
  findings.add(
    "error",
    "port-without-brackets",
    `${header} is "${texts.join(", ")}": a port behind an IPv6 address without brackets`,
    `let the edge write [address]:port; or read it as { header: "${header}", form: "address:port" }`,
    header,
  );
}
