import { Socket, type SocketOptions } from "node:dgram";
import { performance } from "node:perf_hooks";
import { getSystemErrorName } from "node:util";
import { type Policy, type PolicySource, WherefromError } from "@wherefrom/core";
import { callback, checkValue, currentPolicy, isPolicySource } from "@wherefrom/core/internal";
import { type Batch, SocketBatch } from "./batch.ts";
import { BatchMemory } from "./batch-memory.ts";
import type { AddressBlockList } from "./block-list.ts";
import { DatagramReader } from "./datagram-reader.ts";
import { isConnected } from "./dgram-internals.ts";
import type { RemoteInfo } from "./get-client.ts";
import { OwnBatch } from "./own-batch.ts";
import { PeerCache } from "./peer.ts";
import { Receiver } from "./receiver.ts";
import { prepend, readSendArguments } from "./send-arguments.ts";
import type { CompiledUdpFormat } from "./udp-format.ts";
import type { UdpStatus } from "./udp-status.ts";

/** What node:dgram's constructor is given, in all of its versions. */
export interface SocketSetting extends SocketOptions {
  readonly receiveBlockList?: AddressBlockList | undefined;
}

const CLOSED = "the socket is closed";

/**
 * A node:dgram socket whose messages know their clients. It binds, sends and closes as node:dgram does; the addon receives, many datagrams a call. Where the addon
 * is not to be had node:dgram receives as well: then there are no IP options, and `udpStatus` says why.
 */
export class ClientSocket extends Socket {
  readonly #format: CompiledUdpFormat | undefined;
  #peers = new PeerCache();
  readonly #reader: DatagramReader;
  #receiver: Receiver | string = "the socket is not bound";
  #isReferenced = true;
  #isConnected = false;
  #batch: SocketBatch | undefined;
  #tellBatch: ((batch: Batch) => void) | undefined;

  constructor(options: SocketSetting, policy: Policy | PolicySource, format: CompiledUdpFormat | undefined) {
    // @types/node says that its constructor takes an emitter's options; node:dgram passes these on. It may call our methods (a signal that was aborted before closes at once).
    super(options as object);
    this.#format = format;
    this.#reader = new DatagramReader(this, currentPolicy(policy), format, options.receiveBlockList);
    if (isPolicySource(policy)) this.#follow(policy);
    if (options.signal?.aborted === true) this.#receiver = CLOSED;
  }

  #follow(source: PolicySource): void {
    const change = (policy: Policy): void => {
      this.#reader.changePolicy(policy);
      // What was found out about peers was so under the policy before.
      this.#peers = new PeerCache();
      this.#batch = undefined;
    };
    source.on("change", change);
    this.once("close", () => source.off("change", change));
  }

  get status(): UdpStatus {
    const { status } = this.#reader;
    if (typeof this.#receiver === "string") return { receiver: `node:dgram, because ${this.#receiver}`, ...status };
    const { missing = status.missing, refused } = this.#receiver;
    return { receiver: "addon", ...status, missing, dropped: { ...status.dropped, ...refused } };
  }

  /** From now on batches go to `listener`, and no 'message' is emitted. Throws where there is no addon, or the format has a header to take off. */
  receiveBatches(listener: (batch: Batch) => void): void {
    checkValue("receiveBatches(listener): the listener", listener, callback);
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
    this.#tellBatch = listener;
  }

  override ref(): this {
    this.#keepAlive(true);
    return super.ref();
  }

  override unref(): this {
    this.#keepAlive(false);
    return super.unref();
  }

  override close(callback?: () => void): this {
    if (#receiver in this) {
      if (typeof this.#receiver !== "string") this.#receiver.close();
      this.#receiver = CLOSED;
    }
    return super.close(callback);
  }

  override disconnect(): void {
    super.disconnect();
    this.#isConnected = false;
    if (typeof this.#receiver !== "string") this.#receiver.joinProtocol248(this);
  }

  override send(...values: readonly unknown[]): void {
    const replies = #receiver in this ? this.#reader.replies : undefined;
    if (replies !== undefined) {
      const connected = isConnected(this) ?? this.#isConnected;
      const sent = readSendArguments(values, connected);
      const to = connected ? this.remoteAddress() : { address: sent?.address, port: sent?.port as number };
      const header = sent === undefined ? undefined : replies.find(to.address, to.port, performance.now());
      if (sent !== undefined && header !== undefined) {
        const list = prepend(header, sent.payload);
        const where = connected ? [sent.callback] : [sent.port, sent.address, sent.callback];
        return (super.send as (...all: unknown[]) => void)(list, ...where);
      }
    }
    return (super.send as (...all: unknown[]) => void)(...values);
  }

  /** What node:dgram has to tell passes here: the datagrams that it received itself, and what becomes of the socket, of which nothing may get lost with the application's listeners. */
  override emit(event: string | symbol, ...values: unknown[]): boolean {
    if (#receiver in this) {
      if (event === "listening") this.#listen();
      else if (event === "connect") this.#leave();
      else if (event === "message" && typeof this.#receiver === "string") return this.#pass(values);
    }
    return super.emit(event, ...(values as [never]));
  }

  #pass([payload, info]: unknown[]): boolean {
    const message = this.#reader.read(payload as Buffer, info as RemoteInfo, this.#reader.now);
    return message === undefined ? false : super.emit("message", message.payload, message.info);
  }

  #keepAlive(isReferenced: boolean): void {
    if (!(#receiver in this)) return;
    this.#isReferenced = isReferenced;
    if (typeof this.#receiver !== "string") this.#receiver.keepAlive(isReferenced);
  }

  #listen(): void {
    if (this.#receiver === CLOSED) return;
    this.#receiver = Receiver.open(this, this.#reader.wants, (count, memory) => this.#tell(count, memory));
    this.#reader.lookAround();
    if (typeof this.#receiver === "string") this.#reader.noteFallback();
    else if (!this.#isReferenced) this.#receiver.keepAlive(false);
  }

  #leave(): void {
    this.#isConnected = true;
    if (typeof this.#receiver !== "string") this.#receiver.leaveProtocol248();
  }

  #tell(count: number, memory: ArrayBuffer | undefined): void {
    if (count < 0 || memory === undefined) {
      this.emit("error", receiveError(count));
      return;
    }
    this.#reader.lookAround();
    const received = BatchMemory.over(memory);
    if (this.#tellBatch !== undefined) return this.#tellInPlace(count, received, this.#tellBatch);
    this.#tellEach(new OwnBatch(count, received, this.#peers), 0, this.#reader.now);
  }

  #tellInPlace(count: number, memory: BatchMemory, listener: (batch: Batch) => void): void {
    let batch = this.#batch;
    if (batch?.memory !== memory) {
      const made: SocketBatch = new SocketBatch(memory, this.#peers, (index, peer) =>
        this.#reader.clientIpAt(made, index, peer),
      );
      this.#batch = batch = made;
    }
    batch.length = count;
    try {
      this.#reader.readBatch(batch, this.#reader.now);
      if (batch.length > 0) listener(batch);
    } finally {
      batch.length = 0;
    }
  }

  #tellEach(batch: OwnBatch, first: number, now: number): void {
    let index = first;
    try {
      while (index < batch.length && typeof this.#receiver !== "string") {
        const message = this.#reader.readOwn(batch, index++, now);
        if (message !== undefined) super.emit("message", message.payload, message.info);
      }
    } finally {
      // A listener threw: node:dgram would go on with the next datagram once the error is caught.
      if (index < batch.length && typeof this.#receiver !== "string") {
        process.nextTick(() => this.#tellEach(batch, index, now));
      }
    }
  }
}

/** As node:dgram tells errors of receiving (an ICMP message that came for a connected socket). */
function receiveError(errno: number): Error {
  const code = getSystemErrorName(errno);
  return Object.assign(new Error(`recvmsg ${code}`), { errno, code, syscall: "recvmsg" });
}
