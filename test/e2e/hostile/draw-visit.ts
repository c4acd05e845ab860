import type { Endpoint } from "@wherefrom/core";
import { encodeProxyV1, encodeProxyV2 } from "@wherefrom/core/wire";
import { drawAddress } from "./addresses.ts";
import { ATTACKS, forgedLine, OTHER_ATTACKS, type Scene } from "./attacks.ts";
import type { Dice } from "./dice.ts";
import type { Visit, Way } from "./plan.ts";
import type { ClientRequest, Line } from "./request.ts";
import { isLayer4, type Machine, type Site } from "./site.ts";

const HOSTS = ["shop.example", "shop.example:8443", "[2001:db8::1]:443"];
const GARBAGE_HOSTS = [
  "evil.com:fake@shop.example",
  "evil.example, shop.example",
  "evil.example/",
  "a b",
  "",
  "evil.example#@shop.example",
  "[::1",
  "shop.example:99999x",
  "\u00ff",
];

/** A client's way through a site, and what it sends on it. */
export function drawVisit(dice: Dice, site: Site, isLocal: boolean, before?: Visit): Visit {
  const route = before === undefined ? drawRoute(dice, site, isLocal) : { way: before.way, path: before.path };
  const { way, path } = route;
  const isHonest = way === "own-request";
  const attacks = isHonest ? ["none"] : drawAttacks(dice, site);
  const request = drawRequest({ dice, site, isHttp2: attacks.includes("http-2") }, attacks);
  if (before !== undefined && path.every((machine) => isLayer4(machine))) return { ...before, request, attacks };
  return { way, path, client: drawClient(dice, site, way, path, isLocal), request, attacks };
}

function drawRoute(dice: Dice, site: Site, isLocal: boolean): { way: Way; path: readonly Machine[] } {
  const { machines } = site;
  const full = { way: "full", path: machines } as const;
  const least = site.transport === "unix" ? 1 : 0;
  const isShared = site.secret !== undefined || site.certificate !== undefined;
  switch (dice.below(8)) {
    case 0:
      return machines.length > least
        ? { way: "round", path: machines.slice(0, dice.between(least, machines.length - 1)) }
        : full;
    case 1:
      return site.transport === "udp"
        ? full
        : { way: "stranger", path: [...machines, stranger(dice, machines.length === 0 && isLocal)] };
    case 2:
      return machines.length > least ? { way: "own-request", path: machines.slice(0, -1) } : full;
    case 3:
    case 4: {
      if (!isShared) return full;
      // Round the operator's own edges, or through them. A shield that others can reach would be counted as the edge.
      const inner = machines.filter(({ prefixes }) => prefixes.length === 1);
      const path = site.secret?.machines === 2 || dice.oneIn(2) ? machines : inner;
      return { way: "other-edge", path: [...path, otherEdge(dice, machines, path.length === 0 && isLocal)] };
    }
    default:
      return full;
  }
}

function stranger(dice: Dice, isLocal: boolean): Machine {
  return {
    address: drawAddress(dice, "stranger", isLocal),
    port: dice.between(1024, 65_535),
    speech: { kind: "list", header: "x-forwarded-for", writes: "joined", hasPort: false, isHidden: false, skip: 0 },
    prefixes: [],
    place: "last",
    appends: [],
    origin: [],
    hopByHop: "kept",
  };
}

/** In the same ranges as the operator's edges, and configured by the attacker. */
function otherEdge(dice: Dice, machines: readonly Machine[], isLocal: boolean): Machine {
  const speech = dice.oneIn(2) ? (machines.at(-1) as Machine).speech : ({ kind: "silent" } as const);
  // Whichever ranges the policy names the CDN by, this edge is in them.
  const { prefixes } = machines.at(-1) as Machine;
  return { ...stranger(dice, false), address: drawAddress(dice, "edge", isLocal), prefixes, speech };
}

function drawClient(dice: Dice, site: Site, way: Way, path: readonly Machine[], isLocal: boolean): Endpoint {
  const port = dice.between(1024, 65_535);
  if (way === "own-request") return { address: (site.machines[path.length] as Machine).address, port };
  // Counted machines may have their clients in the same range; a client that goes round one of them may not.
  const isNear = site.form === "hops" && way === "full" && path.length > 0 && dice.oneIn(2);
  if (site.isLinkLocal && path.length === 0)
    return { address: `fe80::${dice.between(1, 0xffff).toString(16)}%eth1`, port };
  return { address: drawAddress(dice, isNear ? "proxy" : "client", path.length === 0 && isLocal), port };
}

function drawAttacks(dice: Dice, site: Site): string[] {
  if (site.transport === "udp") return [dice.pick(["forged-proxy-header", "forged-options", "none"])];
  const names = [...Object.keys(ATTACKS), ...OTHER_ATTACKS];
  const drawn = new Set(dice.times(dice.between(1, 4), () => dice.pick(names)));
  if (drawn.size > 1) drawn.delete("none");
  return [...drawn];
}

function drawRequest(scene: Scene, attacks: readonly string[]): ClientRequest {
  const { dice } = scene;
  const has = (name: string): boolean => attacks.includes(name);
  const forged = attacks.flatMap((name) => ATTACKS[name]?.(scene) ?? []);
  const folded = has("obs-fold") ? [fold(forgedLine(scene))] : [];
  const trailers =
    has("trailers") && !has("http-2")
      ? [forgedLine(scene)].filter(([, value]) => !/[^\t\x20-\x7e\x80-\xff]/.test(value))
      : [];
  const chunked: readonly Line[] = trailers.length > 0 ? [["Transfer-Encoding", "chunked"]] : [];
  const host = dice.pick(HOSTS);
  const isAbsolute = has("absolute-form");
  return {
    method: trailers.length > 0 ? "POST" : dice.pick(["GET", "GET", "HEAD", "DELETE"]),
    target: isAbsolute ? `http://${dice.pick(["shop.example", "evil.example"])}/v` : "/v",
    version: has("http-2")
      ? "2"
      : has("http-2.0 over http-1")
        ? "2.0"
        : has("http-1.0") && trailers.length === 0
          ? "1.0"
          : "1.1",
    ...(has("http-2") ? { authority: dice.pick(["shop.example", "shop.example:8443"]) } : {}),
    lines: [...hostLines(scene, attacks, host), ...chunked, ...forged, ...folded],
    trailers,
    prelude: has("forged-proxy-header") ? forgeProxyHeader(dice) : new Uint8Array(0),
    options: has("forged-options") ? forgeOptions(dice) : new Uint8Array(0),
  };
}

function hostLines({ dice, isHttp2 }: Scene, attacks: readonly string[], host: string): readonly Line[] {
  if (attacks.includes("no-host")) return [];
  if (attacks.includes("host-garbage")) return [["Host", dice.pick(GARBAGE_HOSTS)]];
  if (attacks.includes("two-hosts"))
    return [
      ["Host", host],
      ["host", "evil.example"],
    ];
  return isHttp2 && dice.oneIn(2) ? [["host", "evil.example"]] : [["Host", host]];
}

/** RFC 9112, 5.2: a line that goes on in the next. */
function fold([name, value]: Line): Line {
  const middle = Math.floor(value.length / 2);
  return [name, `${value.slice(0, middle)}\r\n ${value.slice(middle)}`];
}

function forgeProxyHeader(dice: Dice): Uint8Array {
  const source = { address: drawAddress(dice, "victim", true), port: 1 };
  const destination = { address: "10.0.0.80", port: 443 };
  return dice.oneIn(2) ? Buffer.from(encodeProxyV1({ source, destination })) : encodeProxyV2({ source, destination });
}

/** Kind 254, 253 or 200 of TCP, 31 of IP: length 8, a port, and the address 6.6.x.y. */
function forgeOptions(dice: Dice): Uint8Array {
  return Uint8Array.from([
    dice.pick([254, 253, 200, 31, 28]),
    8,
    0x12,
    0x67,
    6,
    6,
    dice.below(256),
    dice.between(1, 254),
  ]);
}
