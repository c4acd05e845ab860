import { drawAddress, drawPrefix, EVERYWHERE, type Kind, rangesOf } from "./addresses.ts";
import type { Dice } from "./dice.ts";
import { drawDraft, type SiteDraft, type SiteLimits } from "./site-draft.ts";
import { isLayer4, type Machine, type OriginHeader, type Site, type Speech } from "./site.ts";

const ORIGIN: readonly OriginHeader[] = [
  "x-forwarded-proto",
  "x-forwarded-host",
  "x-forwarded-port",
  "x-forwarded-ssl",
  "front-end-https",
];

/** A site of an operator who knows what the machines do: nought to four of them, believed or (now and then) forgotten. */
export function drawSite(dice: Dice, limits: SiteLimits): Site {
  const draft = drawDraft(dice, limits);
  const { speeches, form, secret, certificate } = draft;
  const isTls = speeches.some((speech) => speech.kind === "proxy" && speech.isTls);
  const isPlain = draft.firstEdge < 0 && draft.node === "none" && form !== "hops";
  const forgotten = isPlain && dice.oneIn(6) ? dice.below(4) : -1;
  const mayBeUnix = isPlain && !limits.isLocal && draft.transport === "tcp" && speeches.length > 0;
  const transport = mayBeUnix && dice.oneIn(8) ? "unix" : draft.transport;
  const isLinkLocal = mayBeUnix && transport === "tcp" && forgotten !== 0 && dice.oneIn(8);
  const taken = new Set<string>();
  const machines = speeches.map((_, index): Machine => {
    if (index === 0 && isLinkLocal) return onLink(drawMachine(dice, draft, index, limits.isLocal, taken), dice);
    const machine = drawMachine(dice, draft, index, limits.isLocal, taken);
    if (index === 0 && transport === "unix") return { ...machine, prefixes: ["unix"] };
    return index === forgotten
      ? { ...machine, prefixes: [], ...strangerAddress(dice, index === 0 && limits.isLocal) }
      : machine;
  });
  const silent = form === "hops" || !dice.oneIn(6) ? undefined : drawSilence(dice, machines);
  return {
    machines,
    form,
    transport,
    ...(secret === undefined ? {} : { secret }),
    ...(certificate === undefined ? {} : { certificate }),
    infrastructure: draft.node === "told" || dice.oneIn(4) ? rangesOf("node") : [],
    ...(silent === undefined ? {} : { silent }),
    scheme: isTls ? "https" : dice.pick(["http", "https"]),
    isLinkLocal,
  };
}

function drawMachine(dice: Dice, draft: SiteDraft, index: number, isLocal: boolean, taken: Set<string>): Machine {
  const speech = draft.speeches[index] as Speech;
  const isPeer = index === 0;
  const isEdge = draft.firstEdge >= 0 && index >= draft.firstEdge;
  const kind: Kind = draft.node !== "none" ? "node" : isEdge ? "edge" : "proxy";
  const address = freshAddress(dice, kind, isPeer && isLocal, taken);
  const isRequest = !isLayer4({ speech });
  const own = draft.node === "lost" ? [] : [drawPrefix(dice, address)];
  return {
    address,
    port: dice.between(1024, 65_535),
    speech,
    prefixes: isEdge ? (draft.isOpen ? EVERYWHERE : rangesOf("edge")) : own,
    place: dice.pick(["first", "last", "sorted"]),
    appends: drawAppends(dice, draft.speeches, index),
    origin: isRequest && speech.kind !== "silent" ? ORIGIN.filter(() => dice.oneIn(3)) : [],
    hopByHop: isPeer && isRequest && dice.oneIn(8) ? "removed-last" : dice.pick(["kept", "removed"]),
    ...(isEdge && draft.secret !== undefined ? { showsSecret: true } : {}),
    ...(isEdge && draft.certificate !== undefined && isPeer ? { showsCertificate: true } : {}),
  };
}

/** A peer on the machine's own link, which the policy names on one interface. */
function onLink(machine: Machine, dice: Dice): Machine {
  const address = `fe80::${dice.between(1, 0xffff).toString(16)}%eth0`;
  return { ...machine, address, prefixes: [dice.pick([address, "fe80::%eth0/64", "fe80::%eth0/10"])] };
}

const strangerAddress = (dice: Dice, isLocal: boolean): Pick<Machine, "address"> => ({
  address: drawAddress(dice, "stranger", isLocal),
});

/** What an operator says of silence. That it makes a machine the client is right only where no machine loses what it says. */
function drawSilence(dice: Dice, machines: readonly Machine[]): NonNullable<Site["silent"]> {
  const losesNothing = machines.every(({ speech, hopByHop }) => !isLayer4({ speech }) && hopByHop !== "removed-last");
  return dice.pick(losesNothing ? (["is-client", "unknown", "self"] as const) : (["unknown", "self"] as const));
}

/** A machine that says something else may append to a list that a farther one says: its rule then has `appends`. */
function drawAppends(dice: Dice, speeches: readonly Speech[], index: number): readonly string[] {
  if (speeches[index]?.kind !== "single") return [];
  const lists = speeches.slice(index + 1).flatMap((speech) => (speech.kind === "list" ? [speech.header] : []));
  return lists.length > 0 && dice.oneIn(2) ? [lists[0] as string] : [];
}

function freshAddress(dice: Dice, kind: Kind, isLocal: boolean, taken: Set<string>): string {
  let address = drawAddress(dice, kind, isLocal);
  while (taken.has(address)) address = drawAddress(dice, kind, isLocal);
  taken.add(address);
  return address;
}
