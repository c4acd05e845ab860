import type { Socket } from "node:dgram";
import { getSystemErrorName } from "node:util";
import { handleOf } from "./dgram-internals.ts";
import { loadUdp, type UdpNative } from "./native.ts";

const WANTS_OPTIONS = 1;
const WANTS_LOCAL = 2;
const WANTS_OPP4 = 4;
const WANTS_OPP6 = 8;

/** No datagram can come over that family of IP. */
const EAFNOSUPPORT = 97;

/** What the addon calls once a batch: how many datagrams, and the memory they were packed into; or a negative errno. */
export type Tell = (count: number, slab: ArrayBuffer | undefined) => void;

/** What a socket is to tell beside payloads. */
export interface Wants {
  readonly options: boolean;
  readonly local: boolean;
  /** What comes in IP protocol 248, on a raw socket beside it. */
  readonly protocol248: boolean;
}

/** Takes over the receiving of a bound socket from node:dgram, which keeps everything else. */
export class Receiver {
  readonly native: UdpNative;
  /** Why what comes in protocol 248 does not get here, or undefined. */
  readonly missing: string | undefined;
  readonly #id: number;
  #beside: readonly number[];

  private constructor(native: UdpNative, id: number, beside: readonly number[], missing: string | undefined) {
    this.native = native;
    this.missing = missing;
    this.#id = id;
    this.#beside = beside;
  }

  /** Why not, as text, where there is no addon or the runtime does not show its handle; node:dgram then receives. */
  static open(socket: Socket, wants: Wants, tell: Tell): Receiver | string {
    const native = loadUdp();
    if (typeof native === "string") return native;
    const handle = handleOf(socket);
    if (handle === undefined) return "this runtime does not show the descriptor of its UDP sockets";
    const bits = (wants.options ? WANTS_OPTIONS : 0) | (wants.local ? WANTS_LOCAL : 0);
    const id = native.open(handle.fd, bits, tell);
    if (id < 0) return `the socket cannot be watched: errno ${-id}`;
    handle.recvStop();
    if (!wants.protocol248) return new Receiver(native, id, [], undefined);
    const beside = [WANTS_OPP4, WANTS_OPP6].map((carrier) => native.open(handle.fd, carrier, tell));
    const errno = -(beside.find((result) => result < 0 && result !== -EAFNOSUPPORT) ?? 0);
    const missing = errno === 0 ? undefined : `IP protocol 248 needs CAP_NET_RAW: ${getSystemErrorName(-errno)}`;
    return new Receiver(
      native,
      id,
      beside.filter((result) => result > 0),
      missing,
    );
  }

  /** Packets of protocol 248 that were not delivered, by reason; a reason that never was is absent. */
  get refused(): Readonly<Record<string, number>> {
    const counts = ["opp-broken", "opp-checksum"].map((reason, which): [string, number] => [
      reason,
      this.#beside.reduce((sum, id) => sum + this.native.refused(id, which), 0),
    ]);
    return Object.fromEntries(counts.filter(([, count]) => count > 0));
  }

  /** A connected socket hears its peer alone; a raw one would hear everybody. */
  leaveProtocol248(): void {
    for (const id of this.#beside) this.native.close(id);
    this.#beside = [];
  }

  close(): void {
    this.leaveProtocol248();
    this.native.close(this.#id);
  }

  keepAlive(isAlive: boolean): void {
    for (const id of [this.#id, ...this.#beside]) this.native.ref(id, isAlive ? 1 : 0);
  }

  /** Batches stay where the next one overwrites them. */
  leaveInPlace(): void {
    for (const id of [this.#id, ...this.#beside]) this.native.pack(id, 0);
  }
}
