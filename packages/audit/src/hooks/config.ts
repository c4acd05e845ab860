import { subscribe as subscribeTo, unsubscribe } from "node:diagnostics_channel";
import type { Hop } from "@wherefrom/core";
import { checkOptions, milliseconds, type Shapes, whole } from "@wherefrom/core/internal";
import { NOTICE_CHANNEL, type OperatorNotice, operatorNotices } from "@wherefrom/net";
import { type ClientEvent, publish, subscribe } from "../event/event.ts";
import type { ConfigWarning } from "../event/config-warning.ts";

/** Requests of one peer within `FLOOD_WINDOW_MS` above which it is a flood: a proxy that is missing sends as many at once, a curious visitor does not. */
const FLOOD_REQUESTS = 100;
const FLOOD_WINDOW_MS = 60_000;
/** How long a peer that was told is not told again, in milliseconds. */
const SILENCE_MS = 3_600_000;
/** Peers that are counted; who was silent longest is forgotten first. */
const PEER_LIMIT = 10_000;

/** Rejections that one rule more in the policy may end. */
const UNTRUSTED: readonly (string | undefined)[] = ["header-from-untrusted-peer", "claim-unread", "untrusted-peer"];

/** When requests with address headers from a machine that no rule names are a flood. */
export interface ConfigAuditOptions {
  /** Requests of one peer within `floodWindowMs` above which it is a flood. Default 100. */
  readonly floodRequests?: number | undefined;
  /** In milliseconds. Default a minute. */
  readonly floodWindowMs?: number | undefined;
}

const SHAPES: Shapes<ConfigAuditOptions> = { floodRequests: whole(1), floodWindowMs: milliseconds(1) };

interface Count {
  readonly since: number;
  requests: number;
  /** Until when nothing more is told. */
  silentUntil: number;
}

/**
 * From now on what is odd about the service's own setting becomes `config.warning`: every notice of @wherefrom/net (docs/reference/warnings.md), those that were told before
 * among them; and peers that no rule names and that send address headers, options or PROXY headers again and again, as far as `client.rejected` is told (`auditHttp`,
 * `auditConnections`, `auditDatagrams`). The answer ends it.
 */
export function auditConfig(options: ConfigAuditOptions = {}): () => void {
  checkOptions<ConfigAuditOptions>("auditConfig", options, SHAPES);
  const { floodRequests = FLOOD_REQUESTS, floodWindowMs = FLOOD_WINDOW_MS } = options;
  const tell = (warning: ConfigWarning, time: Date = new Date()): void =>
    publish({ name: "config.warning", time, warning });
  const onNotice = (message: unknown): void => tell(message as OperatorNotice);
  subscribeTo(NOTICE_CHANNEL, onNotice);
  for (const notice of operatorNotices()) tell(notice);

  const peers = new Map<string, Count>();
  const onRejected = ({ resolution, reason, time }: ClientEvent): void => {
    const { endpoint, verdict } = resolution.hops[0] as Hop;
    const peer = endpoint?.address;
    if (peer === undefined || !UNTRUSTED.includes(reason)) return;
    // A rule names it: it must show what the rule demands, and not be trusted without.
    if (!verdict.trusted && verdict.reason === "demand-unmet") return;
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
    const detail = `${count.requests} requests within ${Math.ceil((now - count.since + 1) / 1000)} s came from ${peer}, which no rule names, with headers that name a client. If it is your proxy, add "${peer}" to the policy: until then its clients are unknown. If it is not, these headers are spoofed`;
    tell({ code: "untrusted-header-flood", detail, peer }, time);
  };
  const endRejected = subscribe("client.rejected", onRejected);
  return () => {
    unsubscribe(NOTICE_CHANNEL, onNotice);
    endRejected();
  };
}
