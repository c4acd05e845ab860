import type { ConnectionMethod, Policy } from "@wherefrom/core";
import {
  DATAGRAM_PREFIXES,
  type DatagramMethod,
  type DatagramPrefixMethod,
  type StreamMethod,
} from "@wherefrom/core/internal";
import { isQuiet, tellOnce } from "./notice.ts";
import { shared } from "./shared.ts";

/** What can bring a claim of each method, as the operator types it. */
const READERS: {
  readonly tcp: Readonly<Record<StreamMethod, string>>;
  readonly udp: Readonly<Record<DatagramMethod, string>>;
} = {
  tcp: {
    "proxy-protocol": `wherefrom(server, policy, { proxyProtocol: "required" })`,
    toa: `wherefrom(server, policy, { toa: "lvs" }), with the balancer's product`,
  },
  udp: {
    "udp-option": `createSocket({ type, udp: "dpvs" }, policy), with the balancer's product`,
    ...prefixReaders(),
  },
};

function prefixReaders(): Readonly<Record<DatagramPrefixMethod, string>> {
  const all = Object.values(DATAGRAM_PREFIXES).map(({ method, name }) => [
    method,
    `createSocket({ type, udp: ${JSON.stringify(name)} }, policy)`,
  ]);
  return Object.fromEntries(all) as Record<DatagramPrefixMethod, string>;
}

/** What each server or socket reads, or has been told not to read. */
const readBy = shared("read-by", () => new WeakMap<object, readonly ConnectionMethod[]>());

/** From now on `subject`, a server or socket, reads these; one that its owner has switched off counts as read. */
export function setRead(subject: object, methods: readonly ConnectionMethod[]): void {
  readBy.set(subject, methods);
}

/**
 * Tells once of each thing that rules of the policy believe about connections (or datagrams) and that `subject`, a server or socket, does not read: machines whose
 * client only it could name are asked in vain for ever. What belongs to the other transport is told only where the policy has nothing else: one policy may serve both.
 */
export function tellUnreadCarriers(subject: object, policy: Policy, transport: "tcp" | "udp"): void {
  if (policy.connectionMethods.length === 0) return;
  const read = readBy.get(subject) ?? [];
  const readers: Readonly<Partial<Record<ConnectionMethod, string>>> = READERS[transport];
  const isLost =
    policy.headers.length === 0 && policy.connectionMethods.every((method) => readers[method] === undefined);
  for (const method of policy.connectionMethods) {
    const reader = readers[method];
    const kind = `carrier-unread ${method}`;
    if (read.includes(method) || (reader === undefined && !isLost) || isQuiet(subject, kind)) continue;
    const where = transport === "tcp" ? "server" : "socket";
    const cure =
      reader === undefined
        ? `which no ${transport === "tcp" ? "connection" : "datagram"} brings: let the rule say what its machines send here`
        : `which this ${where} does not read: type ${reader}. Where a collector of your own adds the claims, say so with { notices: false }`;
    const detail = `a rule of the policy believes "${method}", ${cure}. Until then the clients behind its machines are unknown (stop "carrier-absent")`;
    tellOnce(subject, { code: "carrier-unread", detail }, kind);
  }
}
