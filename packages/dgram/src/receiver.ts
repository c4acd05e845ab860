import type { Socket } from "node:dgram";
import { getSystemErrorName } from "node:util";
import type { UdpCalls } from "@wherefrom/native";
import { handleOf } from "./dgram-internals.ts";
import {
  UDP_REFUSED_BROKEN,
  UDP_REFUSED_CHECKSUM,
  UDP_WANTS_LOCAL,
  UDP_WANTS_OPP4,
  UDP_WANTS_OPP6,
  UDP_WANTS_OPTIONS,
} from "./native-numbers.ts";
import { loadUdp } from "./native.ts";

/** No datagram can come over that family of IP. */
const EAFNOSUPPORT = 97;

/** Why the addon does not deliver a packet of protocol 248, at the number by which it counts. */
const REASONS: readonly string[] = Object.values({
  [UDP_REFUSED_BROKEN]: "opp-broken",
  [UDP_REFUSED_CHECKSUM]: "opp-checksum",
});

/** What the addon calls once a batch: how many datagrams, and the memory they were received into; or a negative errno. */
export type Tell = (count: number, memory: ArrayBuffer | undefined) => void;

/** What a socket is to tell beside payloads. */
export interface Wants {
  readonly options: boolean;
  readonly local: boolean;
  /** What comes in IP protocol 248, on a raw socket beside it. */
  readonly protocol248: boolean;
}

/** Takes over the receiving of a bound socket from node:dgram, which keeps everything else. */
export class Receiver {
  readonly native: UdpCalls;
  /** Why what comes in protocol 248 does not get here, or undefined. */
  missing: string | undefined;
  readonly #id: number;
  readonly #wants: Wants;
  readonly #tell: Tell;
  #isReferenced = true;
  #beside: readonly number[] = [];
  /** Of receivers that were closed. */
  #refused: readonly number[] = REASONS.map(() => 0);

  private constructor(native: UdpCalls, id: number, wants: Wants, tell: Tell) {
    this.native = native;
    this.#id = id;
    this.#wants = wants;
    this.#tell = tell;
  }

  /** Why not, as text, where there is no addon or the runtime does not show its handle; node:dgram then receives. */
  static open(socket: Socket, wants: Wants, tell: Tell): Receiver | string {
    const native = loadUdp();
    if (typeof native === "string") return native;
    const handle = handleOf(socket);
    if (handle === undefined) return "this runtime does not show the descriptor of its UDP sockets";
    const bits = (wants.options ? UDP_WANTS_OPTIONS : 0) | (wants.local ? UDP_WANTS_LOCAL : 0);
    const id = native.open(handle.fd, bits, tell);
    if (id < 0) return `the socket cannot be watched: errno ${-id}`;
    handle.recvStop();
    const receiver = new Receiver(native, id, wants, tell);
    receiver.joinProtocol248(socket);
    return receiver;
  }

  /** Receives what comes for the socket in protocol 248, where it wants that. */
  joinProtocol248(socket: Socket): void {
    const handle = handleOf(socket);
    if (!this.#wants.protocol248 || handle === undefined || this.#beside.length > 0) return;
    const opened = [UDP_WANTS_OPP4, UDP_WANTS_OPP6].map((carrier) => this.native.open(handle.fd, carrier, this.#tell));
    const failed = opened.find((result) => result < 0 && result !== -EAFNOSUPPORT);
    this.missing =
      failed === undefined ? undefined : `IP protocol 248 needs CAP_NET_RAW: ${getSystemErrorName(failed)}`;
    this.#beside = opened.filter((result) => result > 0);
    this.keepAlive(this.#isReferenced);
  }

  /** Packets of protocol 248 that were not delivered, by reason; a reason that never was is absent. */
  get refused(): Readonly<Record<string, number>> {
    const counts = this.#counts();
    return Object.fromEntries(
      REASONS.map((reason, which): [string, number] => [reason, counts[which] as number]).filter(
        ([, count]) => count > 0,
      ),
    );
  }

  /** A connected socket hears its peer alone; a raw one would hear everybody. */
  leaveProtocol248(): void {
    this.#refused = this.#counts();
    for (const id of this.#beside) this.native.close(id);
    this.#beside = [];
  }

  close(): void {
    this.leaveProtocol248();
    this.native.close(this.#id);
  }

  keepAlive(isReferenced: boolean): void {
    this.#isReferenced = isReferenced;
    for (const id of [this.#id, ...this.#beside]) this.native.ref(id, isReferenced ? 1 : 0);
  }

  #counts(): readonly number[] {
    return REASONS.map((_, which) =>
      this.#beside.reduce((sum, id) => sum + this.native.refused(id, which), this.#refused[which] as number),
    );
  }
}
