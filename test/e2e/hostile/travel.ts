import type { Endpoint } from "@wherefrom/core";
import { spell, withPort } from "./addresses.ts";
import { Dice } from "./dice.ts";
import type { Visit } from "./plan.ts";
import { type Line, plainValue } from "./request.ts";
import { isLayer4, type Machine, SITE_HOST, SITE_PORT, type Site } from "./site.ts";

/** What of a visit comes to the service. */
export interface Arrival {
  readonly lines: readonly Line[];
  /** Who says which address about the connection, nearest first; each is a machine of layer 4. */
  readonly said: readonly { readonly machine: Machine; readonly about: Endpoint }[];
  /** Names of headers that were lost on the way. */
  readonly lost: ReadonlySet<string>;
  /** Whether node:http leaves lines out. */
  readonly isCut: boolean;
}

/** Lets the visit's request pass its machines, from the client inwards. */
export function travel(site: Site, { path, client, request }: Visit, seed: number, maxHeadersCount: number): Arrival {
  const dice = new Dice(seed);
  const said: { machine: Machine; about: Endpoint }[] = [];
  const lost = new Set<string>();
  let lines = request.lines;
  let from = client;
  for (const machine of path.toReversed()) {
    if (isLayer4(machine)) said.unshift({ machine, about: from });
    else lines = pass(dice, site, machine, from, lines, lost);
    from = { address: machine.address, port: machine.port };
  }
  const limit = maxHeadersCount === 0 ? Infinity : maxHeadersCount;
  return {
    lines,
    said,
    lost,
    isCut: request.version !== "2" && lines.length >= limit,
  };
}

/** What comes out of a machine of HTTP when these lines go in. */
function pass(
  dice: Dice,
  site: Site,
  machine: Machine,
  from: Endpoint,
  came: readonly Line[],
  lost: Set<string>,
): readonly Line[] {
  const named = hopByHopNames(came);
  const isNamed = ([name]: Line): boolean => named.has(name.toLowerCase());
  const lines = came
    // The field itself ends here (RFC 9110, 7.6.1): else a nearer machine would remove what this one writes.
    .filter(([name]) => name.toLowerCase() !== "connection")
    .filter((line) => machine.hopByHop === "kept" || !isNamed(line))
    // RFC 9112, 5.2: a proxy replaces a folded line, or refuses it.
    .map((line): Line => (line[1].includes("\r\n") ? [line[0], plainValue(line[1])] : line));
  const { own, beside } = ownLines(dice, site, machine, from, lines);
  const replaced = new Set(own.map(([name]) => name.toLowerCase()).filter((name) => !beside.has(name)));
  const kept = lines.filter(([name]) => !replaced.has(name.toLowerCase()));
  // A line that stands beside others of its name must stand behind them.
  const all = machine.place === "first" && beside.size === 0 ? [...own, ...kept] : [...kept, ...own];
  const left = machine.hopByHop === "removed-last" ? all.filter((line) => !isNamed(line)) : all;
  if (left.length < all.length) for (const [name] of own.filter(isNamed)) lost.add(name.toLowerCase());
  return machine.place === "sorted" ? left.toSorted(([a], [b]) => compare(a.toLowerCase(), b.toLowerCase())) : left;
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Fields that a proxy may take for the connection's own. Host, and what a request cannot be without, no client can take away. */
function hopByHopNames(lines: readonly Line[]): ReadonlySet<string> {
  const values = lines.filter(([name]) => name.toLowerCase() === "connection").map(([, value]) => value);
  const names = values.flatMap((value) => value.toLowerCase().split(",")).map((name) => name.trim());
  return new Set(names.filter((name) => name.startsWith("x-") || name.endsWith("-ip") || name === "forwarded"));
}

/** The lines that the machine writes, and names of those that it writes beside what came under the same name. */
function ownLines(
  dice: Dice,
  site: Site,
  machine: Machine,
  from: Endpoint,
  lines: readonly Line[],
): { readonly own: readonly Line[]; readonly beside: ReadonlySet<string> } {
  const own: Line[] = [];
  const beside = new Set<string>();
  const { speech } = machine;
  const say = (name: string, value: string): void => void own.push([dice.oneIn(3) ? name.toUpperCase() : name, value]);
  const append = (name: string, element: string, writes: "joined" | "own-line" | "replaced"): void => {
    const values = lines.filter(([each]) => each.toLowerCase() === name).map(([, value]) => value);
    if (writes === "own-line") beside.add(name);
    say(name, writes === "joined" ? [...values, element].join(dice.pick([", ", ","])) : element);
  };
  switch (speech.kind) {
    case "list": {
      const element = speech.isHidden ? "unknown" : textOf(dice, from, speech.hasPort);
      append(speech.header, speech.skip === 0 ? element : `${element}, ${machine.address}`, speech.writes);
      break;
    }
    case "forwarded":
      append("forwarded", forwardedElement(dice, site, from, speech.isHidden), speech.writes);
      break;
    case "single":
      if (speech.writes === "own-line") beside.add(speech.header);
      say(
        speech.header,
        speech.form === "address:port" ? `${from.address}:${from.port}` : textOf(dice, from, speech.hasPort),
      );
      break;
    case "both":
      append(speech.list, textOf(dice, from, false), "joined");
      say(speech.single, textOf(dice, from, true));
      break;
    case "silent":
    case "proxy":
    case "toa":
    case "spp":
    case "udp-option":
  }
  for (const name of machine.appends) append(name, from.address, "joined");
  for (const name of machine.origin) say(name, originText(name, site.scheme));
  if (machine.showsSecret === true && site.secret !== undefined) say(site.secret.header, site.secret.value);
  return { own, beside };
}

function textOf(dice: Dice, { address, port }: Endpoint, hasPort: boolean): string {
  return hasPort ? withPort(address, port ?? 1) : spell(dice, address);
}

function forwardedElement(dice: Dice, site: Site, { address, port }: Endpoint, isHidden: boolean): string {
  const isSix = address.includes(":");
  const bare = isSix ? `"[${address}]"` : address;
  const node = isHidden
    ? dice.pick(["unknown", "_hidden"])
    : dice.oneIn(3)
      ? `"${withPort(address, port ?? 1)}"`
      : bare;
  return `${dice.pick(["for", "For"])}=${node};proto=${site.scheme};host=${SITE_HOST}`;
}

function originText(name: Machine["origin"][number], scheme: Site["scheme"]): string {
  switch (name) {
    case "x-forwarded-proto":
      return scheme;
    case "x-forwarded-host":
      return SITE_HOST;
    case "x-forwarded-port":
      return `${SITE_PORT}`;
    case "x-forwarded-ssl":
    case "front-end-https":
      return scheme === "https" ? "on" : "off";
  }
}
