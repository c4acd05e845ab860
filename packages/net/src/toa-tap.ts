import { readFileSync } from "node:fs";
import type { Server } from "node:net";
import { getSystemErrorName } from "node:util";
import {
  parseToaOptions,
  parseToaRecord,
  TOA_RECORD_BYTES,
  type ToaPacket,
  type ToaProduct,
  type ToaRecord,
} from "@wherefrom/core/wire";
import type { Sockopt } from "@wherefrom/native";
import { descriptorOf } from "./descriptor.ts";
import type { SocketLike } from "./source.ts";
import { hasCapability } from "./toa-programs.ts";

/** native/addon/tap_filter.h. */
const PACKET_BITS: Readonly<Record<ToaPacket, number>> = { syn: 1, ack: 2, data: 4 };
/** native/addon/toa_tap.h: -4096, the handshake was not seen, is no doubt but an absence. */
const DOUBTS: Readonly<Record<number, TapDoubt>> = { [-4097]: "ambiguous-handshake", [-4098]: "packets-lost" };
/** What the probe says of a machine without loopback, which is no fault of the tap. */
const NO_LOOPBACK = 1;

/**
 * Why a tap does not say what a connection's packets carried: several handshakes between the same ends, and nothing tells which one became the connection (SYN cookies);
 * more packets at once than the tap has room for.
 */
export type TapDoubt = "ambiguous-handshake" | "packets-lost";

export interface TapReading {
  /** What came by now. Undefined where nothing can come any more. */
  readonly record: (() => ToaRecord | undefined) | undefined;
  readonly doubt: TapDoubt | undefined;
}

/** Sees the packets of one port (AF_PACKET), from when it was opened until it is closed. */
export class ToaTap {
  readonly #calls: TapCalls;
  readonly #sockopt: Sockopt;
  /** 0 when it is closed: numbers are given out again. */
  #id: number;
  readonly #product: ToaProduct;

  constructor(sockopt: Sockopt, calls: TapCalls, id: number, product: ToaProduct) {
    this.#sockopt = sockopt;
    this.#calls = calls;
    this.#id = id;
    this.#product = product;
  }

  /** Of a connection that was accepted in this tick; to be called before its SYN is read, because where nothing else tells the handshake, the SYN does. */
  read(socket: SocketLike, fd: number): TapReading {
    const length = this.#calls.tapFind(this.#id, fd, 0);
    if (length < 0) return { record: undefined, doubt: DOUBTS[length] };
    let record = this.#choose(length);
    if (!this.#product.packets.includes("data")) {
      return { record: record === undefined ? undefined : () => record, doubt: undefined };
    }
    return {
      record: () => {
        const now = record === undefined ? descriptorOf(socket) : undefined;
        if (now !== undefined) record = this.#choose(this.#calls.tapFind(this.#id, now, 1));
        return record;
      },
      doubt: undefined,
    };
  }

  /** Packets that came when the tap was full, and whose connections may be unknown for it. */
  get lost(): number {
    return Math.max(0, this.#calls.tapLost(this.#id));
  }

  close(): void {
    this.#calls.tapClose(this.#id);
    this.#id = 0;
  }

  /** The first packet of those that the product writes into that has something of the product's in it, good or bad. */
  #choose(length: number): ToaRecord | undefined {
    for (let at = 0; at < length; at += TOA_RECORD_BYTES) {
      const record = parseToaRecord(this.#sockopt.buffer.subarray(at, at + TOA_RECORD_BYTES));
      if (record === undefined) continue;
      const reading = parseToaOptions(record.options, this.#product, record.packet, record.family);
      if (reading.ok || (reading.reason !== "absent" && reading.reason !== "not-in-packet")) return record;
    }
    return undefined;
  }
}

type TapCalls = Required<Pick<Sockopt, "tapOpen" | "tapFind" | "tapLost" | "tapClose" | "tapProbe">>;

/** Opens a tap on the port of this listening server, or says why that cannot be. Tries one on a connection over loopback first: a kernel may know the calls, and show nothing. */
export function openTap(sockopt: Sockopt, server: Server, product: ToaProduct): ToaTap | string {
  if (!hasTap(sockopt)) return "unavailable: the addon is not loaded";
  const address = server.address();
  if (typeof address !== "object" || address === null) return "unavailable: the server has no port";
  const probe = sockopt.tapProbe();
  if (probe !== 0 && probe !== NO_LOOPBACK) return `unavailable: ${describeFailure(probe)}`;
  const packets = product.packets.reduce((bits, packet) => bits | PACKET_BITS[packet], 0);
  const kinds = new Set(product.options.map(({ kind }) => kind));
  const id = sockopt.tapOpen(address.port, packets, Uint8Array.from(kinds));
  return id > 0 ? new ToaTap(sockopt, sockopt, id, product) : `unavailable: ${describeFailure(id)}`;
}

function hasTap(sockopt: Sockopt): sockopt is Sockopt & TapCalls {
  return sockopt.tapOpen !== undefined;
}

function describeFailure(result: number): string {
  if (result > 0 || result <= -4096) return "AF_PACKET does not show a connection over loopback";
  const name = getSystemErrorName(result);
  if (name !== "EPERM") return `AF_PACKET: ${name}`;
  const has = hasCapability(readFileSync("/proc/self/status", "utf8"), "CAP_NET_RAW");
  return `AF_PACKET: EPERM, ${has ? "though CAP_NET_RAW is there: something else forbids it (seccomp, a security module)" : "CAP_NET_RAW missing"}`;
}
