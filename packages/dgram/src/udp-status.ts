import type { FlowStatus } from "./flow-table.ts";

/** What a socket can know of its datagrams, now. */
export interface UdpStatus {
  /** "addon", or "node:dgram, because ...": then no IP option is seen. */
  readonly receiver: string;
  /** Undefined where the source of a datagram is all that is looked at. */
  readonly format: string | undefined;
  /** What the format lacks here, or undefined. */
  readonly missing: string | undefined;
  readonly flows: FlowStatus | undefined;
  /**
   * Datagrams that were not delivered, by reason: of a format that is `required`; what is no datagram in IP protocol 248 ("opp-broken", "opp-checksum"); and those of sources in
   * `receiveBlockList` ("blocked").
   */
  readonly dropped: Readonly<Record<string, number>>;
  /** Replies that went out without the header that Simple Proxy Protocol wants. */
  readonly repliesWithoutHeader: number;
}
