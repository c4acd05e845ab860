import type { Socket } from "node:dgram";
import { handleOf } from "./dgram-internals.ts";
import { loadUdp, type UdpNative } from "./native.ts";

const WANTS_OPTIONS = 1;
const WANTS_LOCAL = 2;

/** What the addon calls once a batch: how many datagrams, and the memory they were packed into; or a negative errno. */
export type Tell = (count: number, slab: ArrayBuffer | undefined) => void;

/** Takes over the receiving of a bound socket from node:dgram, which keeps everything else. */
export class Receiver {
  readonly native: UdpNative;
  readonly #id: number;

  private constructor(native: UdpNative, id: number) {
    this.native = native;
    this.#id = id;
  }

  /** Why not, as text, where there is no addon or the runtime does not show its handle; node:dgram then receives. */
  static open(
    socket: Socket,
    wants: { readonly options: boolean; readonly local: boolean },
    tell: Tell,
  ): Receiver | string {
    const native = loadUdp();
    if (typeof native === "string") return native;
    const handle = handleOf(socket);
    if (handle === undefined) return "this runtime does not show the descriptor of its UDP sockets";
    const bits = (wants.options ? WANTS_OPTIONS : 0) | (wants.local ? WANTS_LOCAL : 0);
    const id = native.open(handle.fd, bits, tell);
    if (id < 0) return `the socket cannot be watched: errno ${-id}`;
    handle.recvStop();
    return new Receiver(native, id);
  }

  close(): void {
    this.native.close(this.#id);
  }

  keepAlive(isAlive: boolean): void {
    this.native.ref(this.#id, isAlive ? 1 : 0);
  }

  /** Batches stay where the next one overwrites them. */
  leaveInPlace(): void {
    this.native.pack(this.#id, 0);
  }
}
