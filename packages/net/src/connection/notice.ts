import { channel } from "node:diagnostics_channel";
import { withReference } from "@wherefrom/core/internal";
import { shared } from "./shared.ts";

/** The code of each process warning about the service's own setting. docs/reference/warnings.md has a chapter for each. */
export const NOTICE_WARNINGS = {
  "stale-ranges": "stale-ranges",
  "toa-unreadable": "WHEREFROM_TOA_UNREADABLE",
  "toa-product-differs": "WHEREFROM_TOA_PRODUCT_DIFFERS",
  "carrier-unread": "WHEREFROM_CARRIER_UNREAD",
  "header-from-untrusted-peer": "WHEREFROM_HEADER_FROM_UNTRUSTED_PEER",
  "header-unread": "WHEREFROM_HEADER_UNREAD",
  "carrier-silent": "WHEREFROM_CARRIER_SILENT",
  "carriers-disagree": "WHEREFROM_CARRIERS_DISAGREE",
  "address-lost": "WHEREFROM_ADDRESS_LOST",
  "request-property-fixed": "WHEREFROM_REQUEST_PROPERTY_FIXED",
  "proxy-header-unread": "WHEREFROM_PROXY_HEADER_UNREAD",
  "proxy-header-missing": "WHEREFROM_PROXY_HEADER_MISSING",
  "proxy-header-broken": "WHEREFROM_PROXY_HEADER_BROKEN",
  "proxy-untrusted-peer": "WHEREFROM_PROXY_UNTRUSTED_PEER",
  "tls-unread": "WHEREFROM_TLS_UNREAD",
  "tls-missing": "WHEREFROM_TLS_MISSING",
  "uoa-module-loaded": "WHEREFROM_UOA_MODULE_LOADED",
  "source-failing": "WHEREFROM_SOURCE_FAILING",
  "source-stale": "WHEREFROM_SOURCE_STALE",
  "socket-option-unapplied": "WHEREFROM_SOCKET_OPTION_UNAPPLIED",
} as const;

/** What the operator should know about the service's own setting; told once. */
export interface OperatorNotice {
  /** What was seen: docs/reference/warnings.md has a heading for each. */
  readonly code: keyof typeof NOTICE_WARNINGS;
  /** What was seen, and what to type. */
  readonly detail: string;
}

/** The name of the diagnostics channel (node:diagnostics_channel) that tells of every `OperatorNotice`. */
export const NOTICE_CHANNEL = "wherefrom:notice";

/** Notices that are kept: there is one for each policy or server, and a process that makes these all day would keep too many. */
const NOTICE_LIMIT = 100;
/** Notices of one code within `BURST_MS`: a process that makes servers all day, or has a thousand, would write nothing else. */
const BURST_LIMIT = 20;
const BURST_MS = 3_600_000;

const notices = channel(NOTICE_CHANNEL);

/** What was told so far. */
const kept = shared("notices", (): OperatorNotice[] => []);
/** When each code was told last, the latest `BURST_LIMIT` times. */
const toldAt = shared("notices.told-at", () => new Map<string, number[]>());
/** What was told of each server or policy. */
const toldOf = shared("notices.told-of", () => new WeakMap<object, Set<string>>());
/** Servers whose owner wants to hear nothing. */
const silenced = shared("notices.silenced", () => new WeakSet());

/** Notices from before the first subscription: policies are made when a service starts. */
export function operatorNotices(): readonly OperatorNotice[] {
  return [...kept];
}

/** A process warning, with its code, and a message on the channel; neither where the same code was told too often of late. */
export function tellOperator(notice: OperatorNotice): void {
  if (isTooMuch(notice.code, performance.now())) return;
  warnProcess(notice.detail, NOTICE_WARNINGS[notice.code]);
  kept.push(notice);
  if (kept.length > NOTICE_LIMIT) kept.shift();
  notices.publish(notice);
}

/** A process warning, which ends in a link to what docs/reference/warnings.md says of its code. */
export function warnProcess(detail: string, code: string): void {
  process.emitWarning(withReference(detail, "warnings", code), { type: "WherefromWarning", code });
}

/** Tells of `subject`, a server, socket or policy, once for each `kind`, which is the notice's code where one notice has no kinds. */
export function tellOnce(subject: object, notice: OperatorNotice, kind: string = notice.code): void {
  if (isQuiet(subject, kind)) return;
  toldOf.set(subject, (toldOf.get(subject) ?? new Set()).add(kind));
  tellOperator(notice);
}

/** Whether nothing of this kind is to be told of the subject any more: then its words need not be made. */
export function isQuiet(subject: object, kind: string): boolean {
  return silenced.has(subject) || toldOf.get(subject)?.has(kind) === true;
}

/** Whether `tellOnce` tells of this server or socket at all. */
export function setNotices(subject: object, isWanted: boolean): void {
  if (isWanted) silenced.delete(subject);
  else silenced.add(subject);
}

function isTooMuch(code: string, now: number): boolean {
  const times = (toldAt.get(code) ?? []).filter((time) => now - time < BURST_MS);
  toldAt.set(code, times);
  if (times.length >= BURST_LIMIT) return true;
  times.push(now);
  return false;
}

/** Bytes of a connection that a notice quotes: enough to recognize a protocol, too few to reveal a password. */
const QUOTED_BYTES = 16;

/** The first of these bytes between quotes, as `escapeBytes` writes them. */
export function quoteBytes(bytes: Uint8Array): string {
  return `"${escapeBytes(bytes)}"`;
}

/** The first 16 of these bytes: printable ASCII as it is, quotes and backslashes behind a backslash, the others as `\xHH`. */
export function escapeBytes(bytes: Uint8Array): string {
  const text = [...bytes.subarray(0, QUOTED_BYTES)].map((byte) => {
    if (byte === 0x22 || byte === 0x5c) return `\\${String.fromCharCode(byte)}`;
    return byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, "0")}`;
  });
  return text.join("");
}
