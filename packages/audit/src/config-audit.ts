import { subscribe as subscribeTo, unsubscribe } from "node:diagnostics_channel";
import { NOTICE_CHANNEL, type OperatorNotice, operatorNotices } from "@wherefrom/net";
import { type ClientEvent, publish, subscribe } from "./audit-event.ts";
import type { ConfigWarning } from "./config-warning.ts";

/** Requests of one peer within `FLOOD_WINDOW_MS` above which it is a flood: a proxy that is missing sends as many at once, a curious visitor does not. */
export const FLOOD_REQUESTS = 100;
export const FLOOD_WINDOW_MS = 60_000;
/** How long a peer that was told is not told again, in milliseconds. */
const SILENCE_MS = 3_600_000;
/** Peers that are counted; who was silent longest is forgotten first. */
const PEER_LIMIT = 10_000;

/** Rejections that one rule more in the policy may end. */
const UNTRUSTED: readonly (string | undefined)[] = ["header-from-untrusted-peer", "claim-unread", "untrusted-peer"];

export interface ConfigAuditOptions {
  /** Default `FLOOD_REQUESTS`. */
  readonly floodRequests?: number | undefined;
  /** Default `FLOOD_WINDOW_MS`. */
  readonly floodWindowMs?: number | undefined;
}

interface Count {
  readonly since: number;
  requests: number;
  /** Until when nothing more is told. */
  silentUntil: number;
}

/**
 * From now on what is odd about the service's own setting becomes `config.warning`: ranges that are old and TCP options that cannot be read, those that were told before
 * among them; and peers that no rule names and that send address headers, options or PROXY headers again and again, as far as `client.rejected` is told (`auditHttp`,
 * `auditConnections`, `auditDatagrams`). The answer ends it.
 */
export function auditConfig(options: ConfigAuditOptions = {}): () => void {
  const { floodRequests = FLOOD_REQUESTS, floodWindowMs = FLOOD_WINDOW_MS } = options;
  const tell = (warning: ConfigWarning, time: Date = new Date()): void =>
    publish({ name: "config.warning", time, warning });
  const onNotice = (message: unknown): void => tell(message as OperatorNotice);
  subscribeTo(NOTICE_CHANNEL, onNotice);
  for (const notice of operatorNotices()) tell(notice);

  const peers = new Map<string, Count>();
  const onRejected = ({ resolution, reason, time }: ClientEvent): void => {
    const peer = resolution.hops[0]?.endpoint?.address;
    if (peer === undefined || !UNTRUSTED.includes(reason)) return;
    const now = time.getTime();
    const known = peers.get(peer);
    const isOver = known === undefined || now - known.since > floodWindowMs;
    const count = isOver ? { since: now, requests: 0, silentUntil: known?.silentUntil ?? 0 } : known;
    count.requests++;
    peers.delete(peer);
    peers.set(peer, count);
    if (peers.size > PEER_LIMIT) for (const oldest of peers.keys()) return void peers.delete(oldest);
    if (count.requests < floodRequests || now < count.silentUntil) return;
    count.silentUntil = now + SILENCE_MS;
    const detail = `${count.requests} requests within ${Math.ceil((now - count.since + 1) / 1000)} s came from ${peer}, which no rule names, and said whose they were. If it is a proxy of yours, its clients are unknown until the policy names it: "${peer}". If it is not, somebody tries to be somebody else`;
    tell({ code: "untrusted-header-flood", detail, peer }, time);
  };
  const endRejected = subscribe("client.rejected", onRejected);
  return () => {
    unsubscribe(NOTICE_CHANNEL, onNotice);
    endRejected();
  };
}
