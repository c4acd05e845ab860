import {
  clientAddress,
  type Connection,
  type ConnectionClaim,
  type Policy,
  type Resolution,
  resolve,
} from "@wherefrom/core";
import type { Peer } from "./peer.ts";

/** What stands behind a message: whom to believe, and what was said of it. */
export interface Site {
  /** The one of now. */
  readonly policy: Policy;
  /** The claims of a datagram whose options were kept in bytes[from, to). */
  readonly claims: (bytes: Uint8Array, from: number, to: number, flags: number) => readonly ConnectionClaim[];
  /** Who such a datagram's client is under the policy. */
  readonly clientIp: (peer: Peer, bytes: Uint8Array, from: number, to: number, flags: number) => string | undefined;
}

const NOTHING = new Uint8Array();

/**
 * What a 'message' listener gets after the payload: all that node:dgram passes, and the client. A datagram's options are parsed at the first look-up;
 * until then those of its batch are kept.
 */
export class MessageInfo {
  readonly address: string;
  readonly family: "IPv4" | "IPv6";
  readonly port: number;
  /** Of the payload, without a header that was taken off. */
  readonly size: number;
  readonly #site: Site;
  /** The one of the moment in which it was received. */
  readonly #policy: Policy;
  readonly #peer: Peer;
  /** The claims, or where they are to be read. */
  #claims: readonly ConnectionClaim[] | undefined;
  #bytes: Uint8Array;
  #from: number;
  #to: number;
  #flags: number;
  #resolution: Resolution | undefined;

  constructor(
    site: Site,
    peer: Peer,
    family: "IPv4" | "IPv6",
    port: number,
    size: number,
    claims: readonly ConnectionClaim[] | undefined,
    bytes: Uint8Array = NOTHING,
    from = 0,
    to = 0,
    flags = 0,
  ) {
    this.address = peer.address;
    this.family = family;
    this.port = port;
    this.size = size;
    this.#site = site;
    this.#policy = site.policy;
    this.#peer = peer;
    this.#claims = claims;
    this.#bytes = bytes;
    this.#from = from;
    this.#to = to;
    this.#flags = flags;
  }

  /** Who sent it, and how we know. Built when it is read, and kept. */
  get client(): Resolution {
    return (this.#resolution ??= resolve({ connection: this.#connection() }, this.#policy));
  }

  /** For `getClientIp`: nothing is built but the text. */
  static clientIp(info: MessageInfo, policy: Policy | undefined): string | undefined {
    if (policy === undefined && info.#claims === undefined && info.#policy === info.#site.policy) {
      return info.#site.clientIp(info.#peer, info.#bytes, info.#from, info.#to, info.#flags);
    }
    return clientAddress(info.#connection(), undefined, policy ?? info.#policy);
  }

  static resolve(info: MessageInfo, policy: Policy): Resolution {
    return resolve({ connection: info.#connection() }, policy);
  }

  #connection(): Connection {
    if (this.#claims === undefined) {
      this.#claims = this.#site.claims(this.#bytes, this.#from, this.#to, this.#flags);
      this.#bytes = NOTHING;
    }
    return {
      transport: "udp",
      peer: this.address,
      peerPort: this.port,
      claims: this.#claims,
      memory: this.#peer.memory,
    };
  }
}
