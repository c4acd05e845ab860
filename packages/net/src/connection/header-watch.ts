import type { Headers, Policy, Resolution } from "@wherefrom/core";
import { serverOf } from "./early-reader.ts";
import { isQuiet, quoteBytes, tellOnce } from "./notice.ts";
import { socketOf } from "./session-sockets.ts";
import { shared } from "./shared.ts";
import type { RequestLike } from "./source.ts";
import { countRequest } from "./traffic-watch.ts";
import { tellUnreadCarriers } from "./unread-carrier.ts";

/** So many requests of a process are all looked at: who tries a new policy sends a few, and waits for what is said. */
const LOOKS_AT_START = 256;
/** Behind those one of so many is looked at; the others cost a counter. */
const SAMPLE = 8;
/** Looks within `WINDOW_MS` that have found one peer naming others. A proxy that is missing from the policy does it with every request. */
const SUSPICIONS = 3;
const WINDOW_MS = 60_000;
/** Peers that are counted; more are as many visitors. */
const PEER_LIMIT = 256;
/** The same of one that is believed and writes another header: who sends that many may be a client, who can make a proxy take its own header away. */
const SUSPICIONS_OF_BELIEVED = 12;
const UNTRUSTED = "header-from-untrusted-peer";
const UNREAD = "header-unread";

interface Suspicions {
  readonly since: number;
  /** By the notice and the peer. */
  readonly byPeer: Map<string, number>;
}

const suspicions = new WeakMap<object, Suspicions>();
/** Servers (or policies) for which a header or claim of a believed machine was read. */
const met = new WeakSet<object>();

/** The policy under which a request of the server was looked at last. */
const asked = shared("asked-policies", () => new WeakMap<object, Policy>());

/** The policy under which the server's requests are resolved, as far as one was looked at: also that of a middleware. */
export function policyAskedOf(server: object): Policy | undefined {
  return asked.get(server);
}

/** Looks at every request that are left, and requests until the next look behind them. */
let looksAtStart = LOOKS_AT_START;
let left = 1;

/** Whether the request that is resolved now is to be looked at. All that the others cost. */
export function isLookDue(): boolean {
  if (--left > 0) return false;
  if (looksAtStart > 0) looksAtStart--;
  left = looksAtStart > 0 ? 1 : SAMPLE;
  return true;
}

/** Tells once where the policy cannot be met: it believes what the server does not read or what its proxies do not write, or a proxy is missing from it. */
export function lookAtRequest(request: RequestLike, headers: Headers, policy: Policy, resolution: Resolution): void {
  const server = serverOf(socketOf(request));
  if (server !== undefined) tellUnreadCarriers(server, policy, "tcp");
  if (server !== undefined) asked.set(server, policy);
  const subject = server ?? policy;
  if (resolution.stop === "carrier-absent") lookForOtherHeader(subject, headers, policy, resolution);
  else lookForMissingProxy(subject, headers, policy, resolution);
  countRequest(subject, { request, headers, policy, resolution, isMet: met.has(subject) });
}

function lookForMissingProxy(subject: object, headers: Headers, policy: Policy, resolution: Resolution): void {
  const { stop, method, client } = resolution;
  if (method !== "socket") met.add(subject);
  // The peer itself is the client: no rule names it, or it did not show what its rule demands. That one is not to be trusted without.
  if (isQuiet(subject, UNTRUSTED) || method !== "socket" || stop !== "untrusted-hop" || client === undefined) return;
  const verdict = resolution.hops[0]?.verdict;
  if (verdict?.trusted === false && verdict.reason === "demand-unmet") return;
  const header = policy.addressHeaders.find((name) => headers[name] !== undefined);
  if (header === undefined || timesSeen(subject, `${UNTRUSTED} ${client.address}`) < SUSPICIONS) return;
  const detail = `requests came from ${client.address}, which no rule names, with address headers (${header}: ${seen(headers, header)}): they all count as that machine's own. If it is a proxy of yours, type { trust: ["${client.address}"], from: "${header}" }. If it is not, a client tries to name itself`;
  tellOnce(subject, { code: UNTRUSTED, detail });
}

/** A machine that is believed about one header, and never writes it, but another one. Not told where one request has got past its proxies: there the policy can be met. */
function lookForOtherHeader(subject: object, headers: Headers, policy: Policy, { nearest }: Resolution): void {
  if (isQuiet(subject, UNREAD) || met.has(subject) || nearest === undefined || policy.headers.length === 0) return;
  const other = policy.addressHeaders.find((name) => !policy.headers.includes(name) && headers[name] !== undefined);
  if (other === undefined || timesSeen(subject, `${UNREAD} ${nearest.address}`) < SUSPICIONS_OF_BELIEVED) return;
  const detail = `many requests came through ${nearest.address}, which the policy believes, without what it is believed about (${policy.headers.join(", ")}), and with ${other}: ${seen(headers, other)}. Their clients are unknown (stop "carrier-absent"). See in that machine's configuration which header it writes over what clients send: if it is this one, type { trust: ["${nearest.address}"], from: "${other}" }; if it writes none, let it write ${policy.headers[0]}`;
  tellOnce(subject, { code: UNREAD, detail });
}

/** Header text is Latin-1 (RFC 9110, 5.5), and a terminal obeys some of it (0x9b). */
function seen(headers: Headers, header: string): string {
  return quoteBytes(Buffer.from(String(headers[header]), "latin1"));
}

/** Counts a look that has found something odd, and tells how many there were of late. */
function timesSeen(subject: object, what: string): number {
  const now = performance.now();
  let known = suspicions.get(subject);
  if (known === undefined || now - known.since > WINDOW_MS) {
    known = { since: now, byPeer: new Map() };
    suspicions.set(subject, known);
  }
  const count = (known.byPeer.get(what) ?? 0) + 1;
  if (count > 1 || known.byPeer.size < PEER_LIMIT) known.byPeer.set(what, count);
  return count;
}
