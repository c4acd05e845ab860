import type { Socket } from "node:dgram";
import { type ConnectionClaim, type Policy } from "@wherefrom/core";
import { isClaimant } from "@wherefrom/core/internal";
import { handleOf } from "./dgram-internals.ts";
import { FlowClaims, flowOf } from "./flow-claims.ts";
import type { FlowStatus } from "./flow-table.ts";
import { localAddress } from "./local-end.ts";
import type { Peer } from "./peer.ts";
import type { CompiledUdpFormat } from "./udp-format.ts";
import type { UoaModule } from "./uoa-module.ts";

const NONE: readonly ConnectionClaim[] = [];

/** What is known of a socket's flows, from earlier datagrams or from dpvs' kernel module, and which peers may say something of them. */
export class FlowSource {
  /** Whether anything is remembered at all. */
  readonly remembers: boolean;
  readonly #socket: Socket;
  #policy: Policy;
  readonly #format: CompiledUdpFormat | undefined;
  readonly #flows: FlowClaims | undefined;

  constructor(socket: Socket, policy: Policy, format: CompiledUdpFormat | undefined) {
    this.#socket = socket;
    this.#policy = policy;
    this.#format = format;
    this.remembers = format?.remembers === true;
    if (format?.remembers === true) this.#flows = new FlowClaims(format.flowLimit, format.flowIdleMs);
  }

  /** Peers are judged by `policy` from now on; what they said of flows is kept, and counts while a rule names them. */
  changePolicy(policy: Policy): void {
    this.#policy = policy;
  }

  get status(): FlowStatus | undefined {
    return this.#flows?.status;
  }

  /** `claims`, or what was said of the flow before; of a socket that remembers nothing `claims` as they are. `local` is as `localEndOf` and `boundEnd` write it, `now` as `FlowClaims` takes it. */
  remember(
    claims: readonly ConnectionClaim[],
    peer: Peer,
    port: number,
    local: string | undefined,
    now: number,
  ): readonly ConnectionClaim[] {
    if (this.#flows === undefined) return claims;
    return this.#flows.remember(claims, flowOf(peer.address, port, local), this.isBelieved(peer), now);
  }

  /** What the module answers about the flow. Nothing where the peer is not believed, or our own end is not known. */
  ask(module: UoaModule, peer: Peer, port: number, local: string | undefined, now: number): readonly ConnectionClaim[] {
    const flow = flowOf(peer.address, port, local);
    if (flow === undefined || local === undefined || !this.isBelieved(peer)) return NONE;
    return (this.#flows as FlowClaims).ask(flow, now, () => {
      const fd = handleOf(this.#socket)?.fd;
      if (fd === undefined) return undefined;
      const own = { address: localAddress(local), port: this.#socket.address().port };
      return module.ask(fd, { address: peer.address, port }, own, now);
    });
  }

  /** Whether a rule names the peer and reads the socket's format from it; found out once a peer. */
  isBelieved(peer: Peer): boolean {
    if (peer.isBelieved !== undefined) return peer.isBelieved;
    const connection = { transport: "udp", peer: peer.address, peerPort: undefined, claims: NONE } as const;
    return (peer.isBelieved = this.#format !== undefined && isClaimant(this.#policy, connection, this.#format.method));
  }
}
