import type { ConnectionClaim, Tlv } from "../../evidence/claim.ts";
import type { Endpoint } from "../../address/endpoint.ts";
import { addressText, hexText, readShort } from "../../address/bytes.ts";
import { readTlvs } from "./tlv.ts";

/** Signature, version and command, family and transport, length. */
export const PROXY_V2_HEAD_BYTES = 16;
/** Two addresses and two ports; for UNIX two paths (specification, 2.2). */
export const INET_BYTES = 12;
export const INET6_BYTES = 36;
export const UNIX_BYTES = 216;

/** Low nibble of the byte of family and transport. */
const DGRAM = 2;

/** What a header of version 2 that was checked says: it is bytes[from, to), with so many bytes of addresses behind its head. */
export function proxyV2Claim(
  says: ConnectionClaim["says"],
  bytes: Uint8Array,
  from: number,
  addressBytes: number,
  to: number,
): ConnectionClaim {
  return new ProxyV2Claim(says, bytes, from, addressBytes, to);
}

/** What is asked of it is read from the header's bytes then, and kept. */
class ProxyV2Claim implements ConnectionClaim {
  readonly says: ConnectionClaim["says"];
  readonly #bytes: Uint8Array;
  readonly #from: number;
  readonly #addressBytes: number;
  readonly #to: number;
  #endpoint: Endpoint | undefined;
  #destination: Endpoint | undefined;
  #tlvs: readonly Tlv[] | undefined;

  constructor(says: ConnectionClaim["says"], bytes: Uint8Array, from: number, addressBytes: number, to: number) {
    this.says = says;
    this.#bytes = bytes;
    this.#from = from;
    this.#addressBytes = addressBytes;
    this.#to = to;
  }

  get method(): "proxy-protocol" {
    return "proxy-protocol";
  }

  get format(): "proxy-v2" {
    return "proxy-v2";
  }

  /** The head, and the addresses where they are IP addresses. */
  get raw(): string {
    const addressBytes = this.says === "address" ? this.#addressBytes : 0;
    return hexText(this.#bytes, this.#from, this.#from + PROXY_V2_HEAD_BYTES + addressBytes);
  }

  get endpoint(): Endpoint | undefined {
    if (this.says !== "address") return undefined;
    return (this.#endpoint ??= this.#readEndpoint(0));
  }

  get destination(): Endpoint | undefined {
    if (this.says !== "address") return undefined;
    return (this.#destination ??= this.#readEndpoint(1));
  }

  /** Of the forwarded connection, not of what carries the header (specification, 2.2). Undefined of a Unix socket, and where none is said. */
  get transport(): "stream" | "datagram" | undefined {
    if (this.says !== "address") return undefined;
    return ((this.#bytes[this.#from + 13] as number) & 15) === DGRAM ? "datagram" : "stream";
  }

  /** Undefined where there is none. */
  get tlvs(): readonly Tlv[] | undefined {
    const from = this.#from + PROXY_V2_HEAD_BYTES + this.#addressBytes;
    if (from === this.#to) return undefined;
    return (this.#tlvs ??= readTlvs(this.#bytes, from, this.#to));
  }

  toJSON(): ConnectionClaim {
    const { method, format, raw, says, endpoint, transport, destination, tlvs } = this;
    return { method, format, raw, says, endpoint, transport, destination, tlvs };
  }

  [Symbol.for("nodejs.util.inspect.custom")](): ConnectionClaim {
    return this.toJSON();
  }

  /** 0 is the source, 1 the destination. No client connects from port 0: it means that no port was named. */
  #readEndpoint(index: 0 | 1): Endpoint {
    const family = this.#addressBytes === INET_BYTES ? 4 : 6;
    const size = family === 4 ? 4 : 16;
    const start = this.#from + PROXY_V2_HEAD_BYTES;
    const port = readShort(this.#bytes, start + 2 * size + 2 * index);
    return { address: addressText(this.#bytes, start + index * size, family), port: port === 0 ? undefined : port };
  }
}
