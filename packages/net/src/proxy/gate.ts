import type { Server, Socket } from "node:net";
import { type Connection, type ConnectionClaim, type Policy, type PolicySource, resolve } from "@wherefrom/core";
import { CONNECTION_METHODS, currentPolicy, isClaimant, placeOf } from "@wherefrom/core/internal";
import { amendConnection, keepConnection } from "../connection/connection-of.ts";
import { tellRefusal, tellStranger } from "./trouble.ts";
import { readAtAccept } from "../connection/early-reader.ts";
import { ENTERED, forgetResolution, type Kept, POLICY } from "../connection/kept.ts";
import { type Arrival, awaitPrefix } from "./arrival.ts";
import { awaitExactPrefix } from "./exact-arrival.ts";
import type { CompiledProxy } from "./options.ts";
import { publishRefusal, type RefusalReason } from "./refusal.ts";
import { descriptorOf } from "../connection/descriptor.ts";
import { overridePeer } from "../connection/socket-internals.ts";

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
  /** Connections whose header is awaited, and how each wait is ended. */
  readonly #held = new Map<Socket, () => void>();
  #accepted = 0;
  #omitted = 0;

  constructor(server: Server & Kept, options: CompiledProxy) {
    this.#server = server;
    this.#options = options;
  }

  get status(): ProxyStatus {
    const refused = { ...this.#refused };
    return { waiting: this.#held.size, accepted: this.#accepted, omitted: this.#omitted, refused };
  }

  /**
   * False where the connection needs no header. Else it is held or refused, and `enter` is called when the server may see it. The policy of now decides whether it is let in,
   * and answers for it then, whatever the server's policy has become.
   */
  hold(socket: Socket, enter: (socket: Socket) => void): boolean {
    const given = this.#server[POLICY] as Policy | PolicySource;
    const policy = currentPolicy(given);
    const connection = readAtAccept(this.#server, socket);
    if (this.#options.isOff(connection.peer)) return false;
    const mayOmit = this.#options.namesPeer || this.#options.isOptional(connection.peer);
    if (!mayOmit && !this.#mayBelieve(policy, connection)) {
      // A peer that is gone already (HAProxy's plain TCP check resets at once) has no address any more.
      const isGone = connection.transport === "tcp" && connection.peer === undefined;
      this.#refuse(socket, connection, policy, isGone ? "reset" : "untrusted-peer");
      return true;
    }
    const done = (arrival: Arrival): void => {
      this.#held.delete(socket);
      // A source may have withdrawn the peer since.
      this.#admit(socket, connection, currentPolicy(given), arrival, enter);
    };
    const isExact = this.#isPausing && !mayOmit && descriptorOf(socket) !== undefined;
    const cancel = isExact
      ? awaitExactPrefix(socket, this.#options, done)
      : awaitPrefix(socket, this.#options, mayOmit, done);
    this.#held.set(socket, cancel);
    return true;
  }

  /** Closes the connections whose header is awaited: the server has not seen them, and they are no refusals. */
  closeHeld(): void {
    for (const [socket, cancel] of this.#held) {
      cancel();
      socket.destroy();
    }
    this.#held.clear();
  }

  get #isPausing(): boolean {
    return (this.#server as { readonly pauseOnConnect?: boolean }).pauseOnConnect === true;
  }

  #admit(
    socket: Socket,
    connection: Connection,
    policy: Policy,
    arrival: Arrival,
    enter: (socket: Socket) => void,
  ): void {
    if (arrival.state === "refused") {
      return this.#refuse(socket, connection, policy, arrival.reason, arrival.seen);
    }
    if (this.#options.namesPeer) {
      const claim = arrival.state === "omitted" ? undefined : arrival.claims[0];
      if (claim === undefined) this.#omitted++;
      else this.#accepted++;
      this.#confirm(socket, connection, policy, claim);
    } else if (arrival.state === "omitted") this.#omitted++;
    else {
      if (!this.#mayBelieve(policy, connection) || !this.#keep(socket, connection, policy, arrival.claims)) {
        return this.#refuse(socket, connection, policy, "untrusted-peer");
      }
      this.#accepted++;
    }
    // Reading the header has started what `pauseOnConnect` had put off.
    if (this.#isPausing) socket.pause();
    (socket as Kept)[ENTERED] = this.#server;
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

  /** Leaves the connection as it is where the header names its peer; else the peer may be any machine, and the client is absent. */
  #confirm(socket: Socket, connection: Connection, policy: Policy, claim: ConnectionClaim | undefined): void {
    const peer = resolve({ connection }, policy).hops[0]?.endpoint;
    const named = claim?.endpoint;
    if (peer !== undefined && named?.address === peer.address && named.port === peer.port) return;
    keepConnection(socket, amendConnection(connection, { transport: "unverified" }));
    forgetResolution(socket);
    // LOCAL is the balancer's own connection, and names no peer.
    if (claim?.says !== "self") tellStranger(this.#server, connection, claim);
  }

  #refuse(socket: Socket, connection: Connection, policy: Policy, reason: RefusalReason, seen?: Uint8Array): void {
    this.#refused[reason] = (this.#refused[reason] ?? 0) + 1;
    socket.destroy();
    tellRefusal(this.#server, connection, this.#options, reason, seen);
    publishRefusal(this.#server, connection, policy, this.#options.format.method, reason, seen);
  }

  /** Whether a header could be believed at all: of the peer, or of a machine that an option of the peer's packets may name. */
  #mayBelieve(policy: Policy, connection: Connection): boolean {
    const { method } = this.#options.format;
    return isClaimant(policy, connection, method) || OPTIONS.some((option) => isClaimant(policy, connection, option));
  }
}

const OPTIONS = CONNECTION_METHODS.filter((method) => placeOf(method, "tcp") === "option");
