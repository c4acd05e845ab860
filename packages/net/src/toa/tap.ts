import { readFileSync } from "node:fs";
import type { Server } from "node:net";
import { getSystemErrorName } from "node:util";
import {
  parseToaRecord,
  TOA_RECORD_BYTES,
  type ToaPacket,
  type ToaProduct,
  type ToaRecord,
} from "@wherefrom/core/wire";
import type { TapCalls } from "@wherefrom/native";
import type { Accepted } from "./accepted.ts";
import { descriptorOf } from "../connection/descriptor.ts";
import {
  TAP_ACK,
  TAP_AMBIGUOUS,
  TAP_DATA,
  TAP_NO_LOOPBACK,
  TAP_NOT_SEEN,
  TAP_OVERFLOW,
  TAP_SYN,
} from "../connection/native-numbers.ts";
import type { SocketLike } from "../connection/source.ts";
import { hasCapability } from "./programs.ts";

const PACKET_BITS: Readonly<Record<ToaPacket, number>> = { syn: TAP_SYN, ack: TAP_ACK, data: TAP_DATA };
/** A handshake that was not seen, and one of which nothing tells whose it would be, are no doubts but absences. */
const DOUBTS: Readonly<Record<number, TapDoubt>> = {
  [TAP_AMBIGUOUS]: "ambiguous-handshake",
  [TAP_OVERFLOW]: "packets-lost",
};

/**
 * Why a tap does not say what a connection's packets carried: several handshakes between the same ends, and nothing tells which one became the connection (SYN cookies);
 * more packets at once than the tap has room for.
 */
export type TapDoubt = "ambiguous-handshake" | "packets-lost";

export interface TapReading {
  /** Whether the tap saw a handshake of whom getpeername names, and something else than that says that this one is connected. */
  readonly hasPeer: boolean;
  /** Whether something may come yet. */
  readonly isOpen: boolean;
  /** What came by now, with options of the product's kinds: the SYN, the handshake's last packet, the first data. */
  readonly records: () => readonly ToaRecord[];
  readonly doubt: TapDoubt | undefined;
}

const NONE: readonly ToaRecord[] = [];

/** Sees the packets of one port (AF_PACKET), from when it was opened until it is closed. */
export class ToaTap {
  readonly #calls: TapCalls;
  /** 0 when it is closed: numbers are given out again. */
  #id: number;
  readonly #product: ToaProduct;

  constructor(calls: TapCalls, id: number, product: ToaProduct) {
    this.#calls = calls;
    this.#id = id;
    this.#product = product;
  }

  /** Of a connection that was accepted in this tick, with what the kernel said of it. */
  read(socket: SocketLike, fd: number, accepted: Accepted): TapReading {
    const length = this.#find(fd, 0, accepted);
    if (length < 0) {
      const doubt = DOUBTS[length];
      return { hasPeer: doubt !== undefined, isOpen: false, records: () => NONE, doubt };
    }
    let records = this.#parse(length);
    let isOpen = this.#product.packets.includes("data") && !records.some(isBehindSyn);
    return {
      hasPeer: true,
      get isOpen() {
        return isOpen;
      },
      records: () => {
        const now = isOpen ? descriptorOf(socket) : undefined;
        const later = now === undefined ? NONE : this.#parse(this.#find(now, 1, accepted));
        if (later.some(isBehindSyn)) {
          records = later;
          isOpen = false;
        }
        return records;
      },
      doubt: undefined,
    };
  }

  /** Packets that came when the tap was full, and whose connections may be unknown for it. */
  get lost(): number {
    return Math.max(0, this.#calls.lost(this.#id));
  }

  close(): void {
    this.#calls.close(this.#id);
    this.#id = 0;
  }

  #find(fd: number, again: 0 | 1, { bytes, from, to, told }: Accepted): number {
    return this.#calls.find(this.#id, fd, again, bytes, from, to, told);
  }

  #parse(length: number): readonly ToaRecord[] {
    if (length <= 0) return NONE;
    const records: ToaRecord[] = [];
    for (let at = 0; at < length; at += TOA_RECORD_BYTES) {
      const record = parseToaRecord(this.#calls.buffer.subarray(at, at + TOA_RECORD_BYTES));
      if (record !== undefined) records.push(record);
    }
    return records;
  }
}

const isBehindSyn = ({ packet }: ToaRecord): boolean => packet !== "syn";

/** Opens a tap on the port of this listening server, or says why that cannot be. Tries one on a connection over loopback first: a kernel may know the calls, and show nothing. */
export function openTap(calls: TapCalls | undefined, server: Server, product: ToaProduct): ToaTap | string {
  if (calls === undefined) return "unavailable: the addon is not loaded";
  const address = server.address();
  if (typeof address !== "object" || address === null) return "unavailable: the server has no port";
  const probe = calls.probe();
  if (probe !== 0 && probe !== TAP_NO_LOOPBACK) return `unavailable: ${describeFailure(probe)}`;
  const packets = product.packets.reduce((bits, packet) => bits | PACKET_BITS[packet], 0);
  const kinds = new Set(product.options.map(({ kind }) => kind));
  const id = calls.open(address.port, packets, Uint8Array.from(kinds));
  return id > 0 ? new ToaTap(calls, id, product) : `unavailable: ${describeFailure(id)}`;
}

function describeFailure(result: number): string {
  if (result > 0 || result <= TAP_NOT_SEEN) return "AF_PACKET does not show a connection over loopback";
  const name = getSystemErrorName(result);
  if (name !== "EPERM") return `AF_PACKET: ${name}`;
  const has = hasCapability(readFileSync("/proc/self/status", "utf8"), "CAP_NET_RAW");
  return `AF_PACKET: EPERM, ${has ? "though CAP_NET_RAW is there: something else forbids it (seccomp, a security module)" : "CAP_NET_RAW missing"}`;
}
