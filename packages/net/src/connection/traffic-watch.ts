import type { Headers, Policy, Resolution } from "@wherefrom/core";
import { KNOWN_HEADERS, type PeerMatcher, peerMatcher } from "@wherefrom/core/internal";
import { CAUSES } from "./cause.ts";
import { isQuiet, quoteBytes, tellOnce } from "./notice.ts";
import type { RequestLike } from "./source.ts";

/** Looks behind which all is counted anew: a setting may have been changed in front. */
const WINDOW_LOOKS = 1024;
/** Most different texts of a kind that are counted, and characters of each. */
const DIFFERENT_LIMIT = 128;
const TEXT_LIMIT = 128;

/** Looks before a private address is said to stand for many clients, and different programs of visitors for each such address. One person has a few of them. */
const LOST_LOOKS = 64;
const VISITORS_OF_AN_ADDRESS = 8;

/** Looks before a trusted machine is said to be silent, and what tells visitors from a machine's own health checks, which have few names and paths, and neither cookies nor forms. */
const SILENT_LOOKS = 32;
const SILENT_VISITORS = 4;
const SILENT_PATHS = 8;
const SILENT_PEOPLE = 8;
/** Headers that browsers and other clients send, and health checks do not. */
const PEOPLE_HEADERS = ["cookie", "authorization", "referer", "origin", "accept-language"] as const;
const SAFE_METHODS: readonly (string | undefined)[] = ["GET", "HEAD", "OPTIONS", undefined];

/** Looks before two headers are said to disagree, the part of them that must have the other header, and how many texts and visitors there must be for each client of the policy. */
const DISAGREE_LOOKS = 128;
/** Looks behind which headers agree for the rest of the window, where fewer than half of them had another one. */
const AGREED_LOOKS = 64;
const DISAGREE_PART = 0.9;
const DISAGREE_TIMES = 8;

const ADDRESS_HEADERS = Object.keys(KNOWN_HEADERS);

/** What was seen of one server (or policy) since its window began. */
interface Traffic {
  looks: number;
  /** Looks with a client in a private range, as long as no client was outside. */
  privateLooks: number;
  isPublic: boolean;
  readonly clients: Set<string>;
  readonly visitors: Set<string>;
  /** Looks in which the trusted peer said nothing. */
  silentLooks: number;
  silentPeople: number;
  readonly silentVisitors: Set<string>;
  readonly silentPaths: Set<string>;
  isAgreed: boolean;
  /** Clients that a header or claim has named, and headers that no rule reads and that do not name them. */
  readonly named: Set<string>;
  readonly others: Map<string, { looks: number; readonly texts: Set<string>; readonly visitors: Set<string> }>;
}

const trafficOf = new WeakMap<object, Traffic>();

let privateRanges: PeerMatcher | undefined;
let loopback: PeerMatcher | undefined;

/** A request that was looked at. */
interface Look {
  readonly request: RequestLike;
  /** Read once: node:http builds them in a getter. */
  readonly headers: Headers;
  readonly policy: Policy;
  readonly resolution: Resolution;
  /** Whether a header or claim of a believed machine was ever read here. */
  readonly isMet: boolean;
}

/**
 * Counts one request that was looked at, and tells once where many of them show what a single one cannot. Bounded: a window has so many looks, and so many different texts.
 */
export function countRequest(subject: object, look: Look): void {
  const { resolution } = look;
  const known = trafficOf.get(subject);
  const traffic = known === undefined || known.looks >= WINDOW_LOOKS ? newTraffic() : known;
  if (traffic !== known) trafficOf.set(subject, traffic);
  traffic.looks++;
  if (resolution.stop === "carrier-absent") countSilence(traffic, subject, look);
  if (resolution.client === undefined) return;
  countClient(traffic, subject, look);
  countDisagreement(traffic, subject, look);
}

/** All clients are a few private addresses, and behind each are more visitors than one person has programs. */
function countClient(traffic: Traffic, subject: object, { headers, policy, resolution }: Look): void {
  const { client, method } = resolution;
  if (traffic.isPublic || isQuiet(subject, "address-lost")) return;
  // A developer's own machine; and a proxy that is missing from the policy, of which `header-from-untrusted-peer` is told.
  if (client === undefined || isLocalHost(textOf(headers, "host"))) return;
  if (method === "socket" && policy.addressHeaders.some((name) => headers[name] !== undefined)) return;
  add(traffic.clients, client.address);
  privateRanges ??= peerMatcher(["private", "cgnat", "linklocal", "loopback"]);
  if (!privateRanges(client.address)) {
    traffic.isPublic = true;
    return;
  }
  traffic.privateLooks++;
  add(traffic.visitors, textOf(headers, "user-agent"));
  const { clients, visitors, privateLooks } = traffic;
  if (privateLooks < LOST_LOOKS || visitors.size < clients.size * VISITORS_OF_AN_ADDRESS) return;
  const list = [...clients].map((address) => JSON.stringify(address)).join(", ");
  const seen = `${privateLooks} requests of ${visitors.size} or more different programs (User-Agent) came, and all clients are ${list}: something in front puts ${clients.size === 1 ? "that address" : "those addresses"} in place of the clients'`;
  tell(subject, "address-lost", `${seen}. ${CAUSES["address-lost"].fix} The line for it: infrastructure: [${list}]`);
}

/** A machine that is believed sends nothing of what its rule says, for requests that are not its own. */
function countSilence(traffic: Traffic, subject: object, { request, headers, policy, resolution, isMet }: Look): void {
  const { nearest } = resolution;
  if (isMet || nearest === undefined || policy.headers.length === 0 || isQuiet(subject, "carrier-silent")) return;
  // That machine writes another header: `header-unread` is told of it.
  if (policy.addressHeaders.some((name) => headers[name] !== undefined)) return;
  traffic.silentLooks++;
  add(traffic.silentVisitors, textOf(headers, "user-agent"));
  add(traffic.silentPaths, pathOf(request.url));
  const { method } = request as { readonly method?: string };
  if (!SAFE_METHODS.includes(method) || PEOPLE_HEADERS.some((name) => headers[name] !== undefined)) {
    traffic.silentPeople++;
  }
  const { silentLooks, silentPeople, silentVisitors, silentPaths } = traffic;
  const areVisitors =
    silentPeople >= SILENT_PEOPLE || silentVisitors.size >= SILENT_VISITORS || silentPaths.size >= SILENT_PATHS;
  if (silentLooks < SILENT_LOOKS || !areVisitors) return;
  const [header = "x-forwarded-for"] = policy.headers;
  const seen = `${silentLooks} requests came through ${nearest.address}, which the policy believes, and none had ${policy.headers.join(" or ")}: their clients are unknown (stop "carrier-absent")`;
  const cure = `Let that machine write it, in nginx with ${nginxLine(header)}`;
  tell(subject, "carrier-silent", `${seen}. ${cure}. ${CAUSES["carrier-missing"].fix}`);
}

/** A header that no rule reads names many, where the header that is read names few. */
function countDisagreement(traffic: Traffic, subject: object, { headers, policy, resolution }: Look): void {
  const { client, method } = resolution;
  if (client === undefined || method === "socket" || traffic.isAgreed || isQuiet(subject, "carriers-disagree")) return;
  const { looks, others } = traffic;
  if (looks >= AGREED_LOOKS && ![...others.values()].some((other) => other.looks * 2 >= looks)) {
    traffic.isAgreed = true;
    return;
  }
  add(traffic.named, client.address);
  for (const name of ADDRESS_HEADERS) {
    const text = headers[name] === undefined ? "" : textOf(headers, name);
    if (text === "" || policy.headers.includes(name) || text.includes(client.address)) continue;
    const known = others.get(name);
    const other = known ?? { looks: 0, texts: new Set<string>(), visitors: new Set<string>() };
    if (known === undefined) others.set(name, other);
    other.looks++;
    add(other.texts, text);
    add(other.visitors, textOf(headers, "user-agent"));
    tellDisagreement(traffic, subject, policy, name, text);
  }
}

function tellDisagreement(
  { looks, named, others }: Traffic,
  subject: object,
  policy: Policy,
  name: string,
  text: string,
): void {
  const other = others.get(name);
  if (other === undefined || looks < DISAGREE_LOOKS || other.looks < looks * DISAGREE_PART) return;
  // One visitor who comes by many edges of a CDN is one.
  if (Math.min(other.texts.size, other.visitors.size) < named.size * DISAGREE_TIMES) return;
  const seen = `${other.looks} of ${looks} requests had ${name} with ${other.texts.size} or more different texts (such as ${quoteBytes(Buffer.from(text, "latin1"))}), and the policy, which reads ${policy.headers.join(" or ")}, made ${named.size} client${named.size === 1 ? "" : "s"} of them: ${[...named].join(", ")}`;
  tell(
    subject,
    "carriers-disagree",
    `${seen}. ${CAUSES["carriers-disagree"].fix} The line for it: from: "${name}". If the proxy does not write it, clients try to name themselves`,
  );
}

function tell(subject: object, code: "address-lost" | "carrier-silent" | "carriers-disagree", detail: string): void {
  tellOnce(subject, { code, detail });
}

function newTraffic(): Traffic {
  return {
    looks: 0,
    privateLooks: 0,
    isPublic: false,
    clients: new Set(),
    visitors: new Set(),
    silentLooks: 0,
    silentPeople: 0,
    silentVisitors: new Set(),
    silentPaths: new Set(),
    isAgreed: false,
    named: new Set(),
    others: new Map(),
  };
}

function add(texts: Set<string>, text: string): void {
  if (texts.size < DIFFERENT_LIMIT) texts.add(text.slice(0, TEXT_LIMIT));
}

function textOf(headers: Headers, header: string): string {
  const value = headers[header];
  return value === undefined ? "" : String(value);
}

function pathOf(url: string | undefined = ""): string {
  const end = url.indexOf("?");
  return end < 0 ? url : url.slice(0, end);
}

function isLocalHost(host: string): boolean {
  const name = host.replace(/:\d*$/, "").replace(/^\[|\]$/g, "");
  if (name === "localhost" || name.endsWith(".localhost")) return true;
  loopback ??= peerMatcher(["loopback"]);
  return /^[\d.:a-f]+$/i.test(name) && loopback(name);
}

function nginxLine(header: string): string {
  if (header === "x-forwarded-for") return "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;";
  return `proxy_set_header ${header} ${header === "forwarded" ? '"for=$remote_addr"' : "$remote_addr"};`;
}
