import type { Server, Socket } from "node:net";
import { believes, type Connection, type ConnectionClaim, type Policy, resolve } from "@wherefrom/core";
import { amendConnection, keepConnection } from "./connection-of.ts";
import { readAtAccept } from "./early-reader.ts";
import { forgetResolution, type Kept, POLICY } from "./kept.ts";
import { type Arrival, awaitProxyHeader } from "./proxy-arrival.ts";
import type { CompiledProxy } from "./proxy-options.ts";
import { publishRefusal, type RefusalReason } from "./refusal.ts";
import { overridePeer } from "./socket-internals.ts";

/** What became of a server's connections since it was put under its options, by number. */
export interface ProxyStatus {
  /** Connections whose header is awaited now. */
  readonly waiting: number;
  /** Connections that brought a header that was believed. */
  readonly accepted: number;
  /** Connections of peers that may omit the header, and did. */
  readonly omitted: number;
  /** Closed connections, by reason; a reason that never was is absent. */
  readonly refused: Readonly<Partial<Record<RefusalReason, number>>>;
}

/** Lets a server see a connection when its header was read, and not at all where it is not to be believed. */
export class ProxyGate {
  readonly #server: Server & Kept;
  readonly #options: CompiledProxy;
  readonly #refused: Partial<Record<RefusalReason, number>> = {};
  #waiting = 0;
  #accepted = 0;
  #omitted = 0;

  constructor(server: Server & Kept, options: CompiledProxy) {
    this.#server = server;
    this.#options = options;
  }

  get status(): ProxyStatus {
    const refused = { ...this.#refused };
    return { waiting: this.#waiting, accepted: this.#accepted, omitted: this.#omitted, refused };
  }

  /** False where the connection needs no header. Else it is held or refused, and `enter` is called when the server may see it. */
  hold(socket: Socket, enter: (socket: Socket) => void): boolean {
    const policy = this.#server[POLICY] as Policy;
    const connection = readAtAccept(this.#server, socket);
    if (this.#options.isOff(connection.peer)) return false;
    const mayOmit = this.#options.isOptional(connection.peer);
    if (!mayOmit && !mayBelieve(policy, connection)) {
      // Whoever is gone already (HAProxy's plain TCP check resets at once) has no address any more.
      const isGone = connection.transport === "tcp" && connection.peer === undefined;
      this.#refuse(socket, connection, isGone ? "reset" : "untrusted-peer");
      return true;
    }
    this.#waiting++;
    awaitProxyHeader(socket, this.#options, mayOmit, (arrival) => {
      this.#waiting--;
      this.#admit(socket, connection, policy, arrival, enter);
    });
    return true;
  }

  #admit(
    socket: Socket,
    connection: Connection,
    policy: Policy,
    arrival: Arrival,
    enter: (socket: Socket) => void,
  ): void {
    if (arrival.state === "refused") return this.#refuse(socket, connection, arrival.reason);
    if (arrival.state === "omitted") this.#omitted++;
    else {
      if (!mayBelieve(policy, connection) || !this.#keep(socket, connection, policy, arrival.claims)) {
        return this.#refuse(socket, connection, "untrusted-peer");
      }
      this.#accepted++;
    }
    // Reading the header has started what `pauseOnConnect` had put off.
    if ((this.#server as { readonly pauseOnConnect?: boolean }).pauseOnConnect === true) socket.pause();
    enter(socket);
  }

  /** Adds the claims to what is known of the connection, and lets the socket name the farthest machine that they prove; false where they are not believed. */
  #keep(socket: Socket, connection: Connection, policy: Policy, claims: readonly ConnectionClaim[]): boolean {
    const claimed = amendConnection(connection, { claims: [...connection.claims, ...claims] });
    const resolution = resolve({ connection: claimed }, policy);
    // Behind TOA the bytes are those of the machine that the option names: the walk knows whether that one may say so.
    if (connection.claims.length > 0 && !resolution.hops.some((hop) => hop.claim === claims[0])) return false;
    keepConnection(socket, claimed);
    forgetResolution(socket);
    if (resolution.nearest !== undefined && resolution.method !== "socket") overridePeer(socket, resolution.nearest);
    return true;
  }

  #refuse(socket: Socket, connection: Connection, reason: RefusalReason): void {
    this.#refused[reason] = (this.#refused[reason] ?? 0) + 1;
    socket.destroy();
    publishRefusal(this.#server, connection, reason);
  }
}

/** Whether a header could be believed at all. */
function mayBelieve(policy: Policy, connection: Connection): boolean {
  return believes(policy, connection, "proxy-protocol") || believes(policy, connection, "toa");
}
