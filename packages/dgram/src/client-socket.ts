import { Socket, type SocketOptions } from "node:dgram";
import { performance } from "node:perf_hooks";
import { getSystemErrorName } from "node:util";
import { type Policy, WherefromError } from "@wherefrom/core";
import { type Batch, FAMILY, SocketBatch, WORDS } from "./batch.ts";
import { DatagramReader, type UdpStatus } from "./datagram-reader.ts";
import type { RemoteInfo } from "./get-client.ts";
import { PeerCache } from "./peer.ts";
import { Receiver } from "./receiver.ts";
import { prepend, readSendArguments } from "./send-arguments.ts";
import type { CompiledUdpFormat } from "./udp-format.ts";

/**
 * A node:dgram socket whose messages know their clients. It binds, sends and closes as node:dgram does; the addon receives, many datagrams a call. Where the addon
 * is not to be had node:dgram receives as well: then there are no IP options, and `udpStatus` says why.
 */
export class ClientSocket extends Socket {
  readonly #format: CompiledUdpFormat | undefined;
  readonly #peers = new PeerCache();
  readonly #reader: DatagramReader;
  #receiver: Receiver | string = "the socket is not bound";
  #isReferenced = true;
  #isConnected = false;
  #tellBatch: ((batch: Batch) => void) | undefined;

  constructor(options: SocketOptions, policy: Policy, format: CompiledUdpFormat | undefined) {
    // @types/node says that its constructor takes an emitter's options; node:dgram passes these on.
    super(options as object);
    this.#format = format;
    this.#reader = new DatagramReader(this, policy, format);
    super.on("listening", () => this.#listen());
    super.on("connect", () => {
      this.#isConnected = true;
      if (typeof this.#receiver !== "string") this.#receiver.leaveProtocol248();
    });
  }

  get status(): UdpStatus {
    const { status } = this.#reader;
    if (typeof this.#receiver === "string") return { receiver: `node:dgram, because ${this.#receiver}`, ...status };
    const { missing = status.missing, refused } = this.#receiver;
    return { receiver: "addon", ...status, missing, dropped: { ...status.dropped, ...refused } };
  }

  /** From now on batches go to `listener`, and no 'message' is emitted. Throws where there is no addon, or the format has a header to take off. */
  receiveBatches(listener: (batch: Batch) => void): void {
    if (this.#format !== undefined && this.#reader.readsPayload) {
      throw new WherefromError(
        "ERR_WHEREFROM_INVALID_CARRIER",
        `"${this.#format.name}" changes payloads: listen to 'message'`,
      );
    }
    if (typeof this.#receiver === "string") {
      throw new WherefromError(
        "ERR_WHEREFROM_NATIVE_UNAVAILABLE",
        `batches are received by the addon, and ${this.#receiver}: call it after 'listening', or listen to 'message'`,
      );
    }
    this.#receiver.leaveInPlace();
    this.#tellBatch = listener;
  }

  override ref(): this {
    this.#isReferenced = true;
    this.#keepAlive();
    return super.ref();
  }

  override unref(): this {
    this.#isReferenced = false;
    this.#keepAlive();
    return super.unref();
  }

  override close(callback?: () => void): this {
    if (typeof this.#receiver !== "string") this.#receiver.close();
    this.#receiver = "the socket is closed";
    return super.close(callback);
  }

  override disconnect(): void {
    this.#isConnected = false;
    super.disconnect();
  }

  override send(...values: readonly unknown[]): void {
    const { replies } = this.#reader;
    const sent = replies === undefined ? undefined : readSendArguments(values, this.#isConnected);
    if (sent !== undefined && replies !== undefined) {
      const to = this.#isConnected ? this.remoteAddress() : { address: sent.address, port: sent.port as number };
      const header = replies.find(to.address, to.port, performance.now());
      if (header !== undefined) {
        const list = prepend(header, sent.payload);
        const where = this.#isConnected ? [sent.callback] : [sent.port, sent.address, sent.callback];
        return (super.send as (...all: unknown[]) => void)(list, ...where);
      }
    }
    return (super.send as (...all: unknown[]) => void)(...values);
  }

  /** What node:dgram received passes here. */
  override emit(event: string | symbol, ...values: unknown[]): boolean {
    if (event !== "message" || typeof this.#receiver !== "string") return super.emit(event, ...(values as [never]));
    const [payload, info] = values as [Buffer, RemoteInfo];
    const message = this.#reader.read(payload, info, this.#reader.now);
    return message === undefined ? false : super.emit("message", message.payload, message.info);
  }

  #keepAlive(): void {
    if (typeof this.#receiver !== "string") this.#receiver.keepAlive(this.#isReferenced);
  }

  #listen(): void {
    this.#receiver = Receiver.open(this, this.#reader.wants, (count, slab) => this.#tell(count, slab));
    if (!this.#isReferenced) this.#keepAlive();
  }

  #tell(count: number, slab: ArrayBuffer | undefined): void {
    if (count < 0) {
      this.emit("error", receiveError(count));
      return;
    }
    if (typeof this.#receiver === "string") return;
    const { native } = this.#receiver;
    const { words, data } = native.buffers;
    if (this.#tellBatch !== undefined) return this.#tellInPlace(count, data, words);
    // Both were packed: words are as long as a batch at most.
    if (this.#slab?.buffer !== slab) this.#slab = Buffer.from(slab as ArrayBuffer);
    this.#tellEach(count, this.#slab as Buffer, words, native.bytes, 0);
  }

  /** Many batches go into one. */
  #slab: Buffer | undefined;

  #batch: SocketBatch | undefined;

  #tellInPlace(count: number, data: ArrayBuffer, words: Int32Array): void {
    this.#batch ??= new SocketBatch(Buffer.from(data), words, this.#peers, (index, peer) =>
      this.#reader.clientIpAt(this.#batch as SocketBatch, index, peer),
    );
    this.#batch.length = count;
    this.#reader.readBatch(this.#batch, this.#reader.now);
    this.#tellBatch?.(this.#batch);
  }

  /** `bytes` are those of `words`. */
  #tellEach(count: number, data: Buffer, words: Int32Array, bytes: Uint8Array, first: number): void {
    const { now } = this.#reader;
    let index = first;
    try {
      while (index < count && typeof this.#receiver !== "string") {
        const at = index * WORDS;
        index++;
        const peer = this.#peers.find(words, bytes, at, words[at + FAMILY] as 4 | 6);
        const message = this.#reader.readPacked(data, words, at, peer, now);
        if (message !== undefined) super.emit("message", message.payload, message.info);
      }
    } finally {
      // A listener threw: node:dgram would go on with the next datagram once somebody has caught that.
      if (index < count && typeof this.#receiver !== "string") {
        const rest = words.slice();
        process.nextTick(() => this.#tellEach(count, data, rest, new Uint8Array(rest.buffer), index));
      }
    }
  }
}

/** As node:dgram tells errors of receiving (an ICMP message that came for a connected socket). */
function receiveError(errno: number): Error {
  const code = getSystemErrorName(errno);
  return Object.assign(new Error(`recvmsg ${code}`), { errno, code, syscall: "recvmsg" });
}
