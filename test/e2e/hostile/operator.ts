import { isDeepStrictEqual } from "node:util";
import type { Demand, HeaderOption, ListHeaderOption, PolicyOptions, RuleOptions, Says } from "@wherefrom/core";
import type { Machine, OriginHeader, Site, Speech } from "./site.ts";

/** The policy that an operator writes for the site: each machine that is not forgotten, and of it what it really says. */
export function policyOptionsOf(site: Site): PolicyOptions {
  const named = site.machines.filter(({ prefixes }) => prefixes.length > 0);
  const common = {
    ...(site.infrastructure.length === 0 ? {} : { infrastructure: site.infrastructure }),
    ...(site.machines.some(({ speech }) => speech.kind === "toa") ? { nodesFilterToa: true } : {}),
  };
  if (named.length === 0) return { trust: [], ...common };
  const demand = demandOf(site);
  const [first] = named as [Machine, ...Machine[]];
  const prefixes = [...new Set(named.flatMap((machine) => machine.prefixes))];
  const origin = sharedOrigin(named);
  if (site.form === "hops") {
    const from = saysOf(first.speech) as ListHeaderOption;
    return { hops: named.length, peers: prefixes, from, origin, ...common };
  }
  const from = site.form === "trust" ? commonSays(named) : undefined;
  // What a rule demands of edges the short form can demand where all machines are edges.
  if (from !== undefined && (demand === undefined || named.every((machine) => machine.prefixes.length > 1))) {
    const silent = site.silent === undefined ? {} : { silent: site.silent };
    return { trust: prefixes, from, origin, ...silent, ...(demand === undefined ? {} : { with: demand }), ...common };
  }
  return { rules: rulesOf(site, named, demand), ...common };
}

function rulesOf(site: Site, named: readonly Machine[], demand: Demand | undefined): RuleOptions[] {
  const own = named.filter(({ prefixes }) => prefixes.length === 1);
  const edges = named.filter(({ prefixes }) => prefixes.length > 1);
  const rules = own.map((machine, index): RuleOptions => ({
    name: `machine-${index}`,
    // A wider prefix could hold another one's machine, whose rule is another.
    peers: own.length === 1 || machine.prefixes[0] === "unix" ? machine.prefixes : [machine.address],
    says: saysOf(machine.speech),
    ...(machine.appends.length === 0
      ? {}
      : { appends: machine.appends.map((header): ListHeaderOption => ({ header, form: "list" })) }),
    ...(site.silent === undefined || machine.speech.kind === "silent" ? {} : { silent: site.silent }),
    origin: machine.origin,
  }));
  const [edge] = edges;
  if (edge === undefined) return rules;
  const { prefixes, speech } = edge;
  const shared: RuleOptions = { name: "edges", peers: prefixes, says: saysOf(speech), origin: sharedOrigin(edges) };
  return [...rules, demand === undefined ? shared : { ...shared, with: demand }];
}

function demandOf({ secret, certificate }: Site): Demand | undefined {
  if (certificate !== undefined) return { certificate };
  if (secret === undefined) return undefined;
  const { header, equals, machines } = secret;
  return { header, equals, ...(machines === 1 ? {} : { machines }) };
}

function saysOf(speech: Speech): Says {
  switch (speech.kind) {
    case "list":
      return speech.header === "x-forwarded-for" && speech.skip === 0
        ? speech.header
        : { header: speech.header, form: "list", skip: speech.skip };
    case "forwarded":
      return "forwarded";
    case "single":
      return speech.header === "x-client-address" ? { header: speech.header, form: speech.form } : speech.header;
    case "both":
      return { all: [{ header: speech.list, form: "list" }, speech.single] };
    case "proxy":
      return "proxy-protocol";
    case "toa":
    case "spp":
    case "udp-option":
      return speech.kind;
    case "silent":
      return "nothing";
  }
}

/** What all say, or machines of layer 4 and then machines of HTTP; undefined where they differ in more. */
function commonSays(machines: readonly Machine[]): Says | undefined {
  if (machines.some(({ appends, speech }) => appends.length > 0 || speech.kind === "silent")) return undefined;
  const said: Says[] = [];
  for (const { speech } of machines) {
    const says = saysOf(speech);
    if (!said.some((each) => isDeepStrictEqual(each, says))) said.push(says);
  }
  if (said.length === 1) return said[0];
  const [connection, header] = said;
  const isPair = said.length === 2 && (connection === "proxy-protocol" || connection === "toa");
  const isHeader = typeof header === "object" ? "header" in header : header !== "proxy-protocol" && header !== "toa";
  return isPair && isHeader ? [connection, header as HeaderOption] : undefined;
}

/** What every one of them writes itself. */
function sharedOrigin(machines: readonly Machine[]): readonly OriginHeader[] {
  const [first, ...others] = machines;
  return (first?.origin ?? []).filter((header) => others.every(({ origin }) => origin.includes(header)));
}
