import { type Headers, headerText, linesOf } from "../evidence/evidence.ts";
import { HOP_LIMIT } from "../options/limits.ts";
import type { OriginForm, OriginHeader } from "../policy/origin-header.ts";
import type { Rule } from "../policy/rule.ts";
import type { Walk } from "../walk/walk.ts";
import { readLastForwarded } from "../wire/http/forwarded.ts";
import { forwardedParameter } from "../wire/http/forwarded-parameter.ts";
import { claimsTls } from "../wire/proxy/tlv.ts";
import { EMPTY, ListElement, NODE, PIPE, OBFUSCATED } from "../wire/http/list.ts";

/**
 * Who named the host. "hop": a believed machine. The others are the request's own words: "authority" is HTTP/2's `:authority` (RFC 9113, 8.3.1),
 * "target" an absolute request target (RFC 9112, 3.2.2), "host" the only Host line.
 */
export type HostSource = "hop" | "authority" | "target" | "host";

/** What the client asked for. Protocol and port as the machine tells them that named the client's address; undefined where no rule vouches for it. */
export interface Origin {
  readonly protocol: "http" | "https" | undefined;
  /** A host name or bracketed address, with its port if one was written. Undefined where the request names none, or several. */
  readonly host: string | undefined;
  readonly hostFrom: HostSource | undefined;
  /** 1 to 65535. */
  readonly port: number | undefined;
}

/** What a request says of its own host. */
export interface RequestHost {
  readonly host: string | undefined;
  readonly hostFrom: HostSource | undefined;
  /** What was there although no host could be told from it, for a warning. */
  readonly ambiguous: string | undefined;
}

/** Longest list that is looked at, in characters. Longer ones are no origin. */
const ORIGIN_LIMIT = 2048;

const element = new ListElement();

/** What believed machines say, as texts of the wire. */
interface Statements {
  readonly protocol: Set<string>;
  readonly host: Map<string, string>;
  readonly port: Set<number>;
}

/**
 * Protocol, host and port at the same hop as the address. The machine that speaks of them is the one that named the address where the walk ended, or the peer where
 * none was named. What it says in headers counts where its rule vouches for them (`origin`), or in the element of Forwarded that names the address; a PROXY header
 * says by its SSL field that the client used TLS. Two statements that differ say nothing.
 */
export function readOrigin(walk: Walk, headers: Headers, request: RequestHost): Origin {
  const said = statementsOf(walk, headers);
  const host = said?.host.size === 1 ? [...said.host.values()][0] : undefined;
  return {
    protocol: onlyOf(said?.protocol) as Origin["protocol"],
    host: host ?? request.host,
    hostFrom: host === undefined ? request.hostFrom : "hop",
    port: onlyOf(said?.port),
  };
}

function onlyOf<T>(values: ReadonlySet<T> | undefined): T | undefined {
  return values?.size === 1 ? [...values][0] : undefined;
}

function statementsOf(walk: Walk, headers: Headers): Statements | undefined {
  const speaker = speakerOf(walk);
  if (speaker === undefined) return undefined;
  const said: Statements = { protocol: new Set(), host: new Map(), port: new Set() };
  if (claimsTls(walk.method === "proxy-protocol" ? walk.lastClaim : undefined)) said.protocol.add("https");
  if (walk.isCut) return said;
  // Of machines of two kinds in one range ("proxy-protocol", then "forwarded") the one that spoke of the connection wrote no element.
  if (speaker.carrier?.form === "forwarded" && walk.asked && walk.lastClaim === undefined) {
    const text = headerText(headers["forwarded"]) ?? "";
    readForwardedOrigin(said, text, Math.max(1, walk.forwardedCount));
  }
  for (const origin of speaker.origin) {
    const text = elementFromRight(headerText(headers[origin.header]), placeOf(origin, walk));
    if (text !== undefined) state(said, origin.form, text);
  }
  return said;
}

/** The rule of the machine that named the address where the walk ended; the peer's where none was named. Undefined where no machine is believed. */
export function speakerOf({ believed, depth, claimCount }: Walk): Rule | undefined {
  return depth === 0 ? undefined : believed[Math.max(0, claimCount - 1)];
}

/**
 * Each machine that writes the header added an element on the right, or replaced what was there. The speaker's stands as many places from the right as there are such
 * machines up to it; a shorter list was replaced on the way, and its first element is the farthest one that a believed machine wrote.
 */
function placeOf({ header }: OriginHeader, { believed, claimCount }: Walk): number {
  let place = 0;
  for (let index = 0; index <= Math.max(0, claimCount - 1); index++) {
    if (believed[index]?.origin.some((other) => other.header === header) === true) place++;
  }
  return place;
}

function readForwardedOrigin(said: Statements, text: string, place: number): void {
  let end = text.length;
  let seen = 0;
  while (end > 0 && seen < place && seen < HOP_LIMIT) {
    end = readLastForwarded(element, text, end);
    if (element.kind !== EMPTY) seen++;
  }
  if (seen === 0 || (element.kind !== NODE && element.kind !== OBFUSCATED && element.kind !== PIPE)) return;
  const { from, to } = element;
  state(said, "scheme", forwardedParameter(text, from, to, "proto"));
  state(said, "host", forwardedParameter(text, from, to, "host"));
}

/** What is not well-formed was not said. */
function state(said: Statements, form: OriginForm, text: string | undefined): void {
  if (text === undefined) return;
  const lower = text.toLowerCase();
  if (form === "host") {
    if (isHost(text) && !said.host.has(lower)) said.host.set(lower, text);
  } else if (form === "port") {
    if (/^[1-9][0-9]{0,4}$/.test(text) && Number(text) <= 65_535) said.port.add(Number(text));
  } else {
    const protocol = Object.hasOwn(PROTOCOLS[form], lower) ? PROTOCOLS[form][lower] : undefined;
    if (protocol !== undefined) said.protocol.add(protocol);
  }
}

/** Traefik and others write a WebSocket's scheme, which runs over HTTP (RFC 6455, 1.7). */
const PROTOCOLS: Readonly<Record<"scheme" | "switch", Readonly<Record<string, "http" | "https">>>> = {
  scheme: { http: "http", https: "https", ws: "http", wss: "https" },
  switch: { on: "https", off: "http" },
};

/** RFC 3986, 3.2.2 and 3.2.3, without percent-encoding: DNS names, and the underscore that real hosts have. */
export function isHost(text: string): boolean {
  return text.length <= 261 && /^(?:[a-z0-9_](?:[a-z0-9._-]*)|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?$/i.test(text);
}

function elementFromRight(list: string | undefined, place: number): string | undefined {
  if (list === undefined || list.length > ORIGIN_LIMIT) return undefined;
  const elements = list.split(",");
  const last = elements[Math.max(0, elements.length - place)];
  return last?.replace(/^[ \t]+|[ \t]+$/g, "");
}

/** There is no request, or it names none. */
export const UNNAMED: RequestHost = { host: undefined, hostFrom: undefined, ambiguous: undefined };

/**
 * The host that the request itself names: `:authority` before an absolute target before a Host line that is the only one. `isCut`: lines were left out, and a second
 * Host line may be among them.
 */
export function requestHostOf(
  headers: Headers,
  rawHeaders: readonly string[] | undefined,
  target: string | undefined,
  isCut: boolean,
): RequestHost {
  const authority = headerText(headers[":authority"]);
  if (authority !== undefined) return namedBy("authority", authority);
  const absolute = target === undefined ? undefined : ABSOLUTE_TARGET.exec(target)?.[1];
  if (absolute !== undefined) return namedBy("target", absolute);
  if (isCut) return UNNAMED;
  const lines = rawHeaders === undefined ? [] : linesOf("host", rawHeaders);
  const text = lines.length > 1 ? lines.join(", ") : headerText(headers["host"]);
  return text === undefined || text === "" ? UNNAMED : namedBy("host", text);
}

/** absolute-form = absolute-URI (RFC 9112, 3.2.2): what stands between "//" and the path. */
const ABSOLUTE_TARGET = /^[a-z][a-z0-9+.-]{0,31}:\/\/([^/?#]*)/i;

function namedBy(hostFrom: HostSource, text: string): RequestHost {
  return isHost(text) ? { host: text, hostFrom, ambiguous: undefined } : { ...UNNAMED, ambiguous: text };
}
