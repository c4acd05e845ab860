import type { ConnectionClaim } from "@wherefrom/core";
import {
  compileToaProduct,
  compileUdpProduct,
  encodeProxyV2,
  parseSpp,
  parseToaOptions,
  parseUdpOptions,
  readProxyDatagram,
  readProxyHeaders,
} from "@wherefrom/core/wire";
import { behindOption, proxyHeader, sppHeader, toaOption, udpOption } from "./packet.ts";
import type { Plan, Visit } from "./plan.ts";
import { isLayer4 } from "./site.ts";
import type { Arrival } from "./travel.ts";

const DPVS = compileToaProduct("dpvs");
const DPVS_UDP = compileUdpProduct("dpvs");
const NO_BYTES = new Uint8Array(0);

/** What the collectors of net and dgram read off the wire about this connection: machines' words, and what the client sent in their place. */
export function claimsOf({ site }: Plan, visit: Visit, arrival: Arrival): readonly ConnectionClaim[] {
  const peer = visit.path[0] ?? visit.client;
  const family = peer.address.includes(":") ? 6 : 4;
  return site.transport === "udp"
    ? datagramClaims(site.machines[0]?.speech.kind, visit, arrival, family)
    : [...toaClaims(visit, arrival, family), ...proxyClaims(site.machines.filter(isProxy).length, visit, arrival)];
}

const isProxy = (machine: Visit["path"][number]): boolean => isLayer4(machine) && machine.speech.kind === "proxy";

/** A machine that ends the connection ends its options, too, and dpvs takes a client's own option off. */
function toaClaims({ path, request }: Visit, { said: [nearest] }: Arrival, family: 4 | 6): readonly ConnectionClaim[] {
  const told =
    nearest?.machine.speech.kind === "toa" ? behindOption(toaOption(nearest.about), request.options) : NO_BYTES;
  const reading = parseToaOptions(path.length === 0 ? request.options : told, DPVS, "data", family);
  return reading.ok ? [{ ...reading.claim, oddities: reading.warnings }] : [];
}

/** So many headers as the server waits for; of fewer, the first, which a server that waits for one would read. */
function proxyClaims(headers: number, { request }: Visit, { said }: Arrival): readonly ConnectionClaim[] {
  if (headers === 0) return [];
  const own = said.map(({ machine, about }) => proxyHeader(machine, about));
  const bytes = Buffer.concat([...own, request.prelude]);
  for (const count of [headers, 1]) {
    const reading = readProxyHeaders(bytes, { headers: count });
    if (reading.state === "header") return reading.claims;
  }
  return [];
}

function datagramClaims(
  kind: string | undefined,
  { request }: Visit,
  { said: [nearest] }: Arrival,
  family: 4 | 6,
): readonly ConnectionClaim[] {
  const about = nearest?.about;
  if (kind === "spp") {
    const claim = parseSpp(about === undefined ? request.prelude : sppHeader(about));
    return typeof claim === "string" ? [] : [claim];
  }
  if (kind === "udp-option") {
    const place = family === 4 ? "ipv4-option" : "ipv6-destination-option";
    const claim = parseUdpOptions(about === undefined ? request.options : udpOption(about, family), DPVS_UDP, place);
    return typeof claim === "string" ? [] : [claim];
  }
  const destination = { address: "10.0.0.80", port: 53 };
  const header =
    about === undefined ? request.prelude : encodeProxyV2({ source: about, destination, transport: "datagram" });
  const reading = readProxyDatagram(header);
  return reading.state === "header" ? reading.claims : [];
}
