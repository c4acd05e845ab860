import type { Socket } from "node:dgram";
import { performance } from "node:perf_hooks";
import { clientAddress, type ConnectionClaim, type Policy } from "@wherefrom/core";
import type { SocketBatch } from "./batch.ts";
import { type AddressBlockList, isBlocked } from "./block-list.ts";
import { copyClaim, cutClaim, cutReason, FLOW_DISAGREES, readOptionClaims, readPayload } from "./claim-source.ts";
import { ClientMemo } from "./client-memo.ts";
import { FlowSource } from "./flow-source.ts";
import type { RemoteInfo } from "./get-client.ts";
import { tellHeader } from "./header-notice.ts";
import { boundEnd, localEndOf } from "./local-end.ts";
import { ModuleWatch } from "./module-watch.ts";
import { MessageInfo, type Site } from "./message-info.ts";
import { UDP_FAMILY, UDP_FLAGS, UDP_OPTION_AT, UDP_OPTION_LENGTH, UDP_PORT, UDP_WORDS } from "./native-numbers.ts";
import { loadSockopt } from "./native.ts";
import type { OwnBatch } from "./own-batch.ts";
import { ownBytes } from "./own-bytes.ts";
import type { Peer } from "./peer.ts";
import type { Wants } from "./receiver.ts";
import { ReplyHeaders } from "./reply-headers.ts";
import type { CompiledUdpFormat } from "./udp-format.ts";
import type { UdpStatus } from "./udp-status.ts";
import { UoaModule } from "./uoa-module.ts";

export interface Message {
  readonly payload: Buffer;
  readonly info: MessageInfo;
}

const NONE: readonly ConnectionClaim[] = [];

/** Finds out what was said of the datagrams of one socket. */
export class DatagramReader implements Site {
  policy: Policy;
  readonly replies: ReplyHeaders | undefined;
  readonly #socket: Socket;
  readonly #format: CompiledUdpFormat | undefined;
  readonly #flows: FlowSource;
  readonly #module: UoaModule | undefined;
  readonly #watch: ModuleWatch | undefined;
  #memo = new ClientMemo();
  readonly #blockList: AddressBlockList | undefined;
  readonly #dropped: Record<string, number> = {};
  /** Of a batch in place: what was remembered or kept of each datagram. */
  #batchClaims: (readonly ConnectionClaim[])[] = [];
  #missing: string | undefined;

  constructor(
    socket: Socket,
    policy: Policy,
    format: CompiledUdpFormat | undefined,
    blockList: AddressBlockList | undefined,
  ) {
    this.policy = policy;
    this.#socket = socket;
    this.#format = format;
    this.#blockList = blockList;
    this.#flows = new FlowSource(socket, policy, format);
    if (format?.prefix?.isEchoed === true) this.replies = new ReplyHeaders(format.flowLimit, format.flowIdleMs);
    const isAsked = format?.name === "uoa-module";
    if (!isAsked && !this.wants.protocol248) return;
    const sockopt = loadSockopt();
    if (typeof sockopt === "string") this.#missing = sockopt;
    else if (isAsked) this.#module = new UoaModule(sockopt);
    else this.#watch = new ModuleWatch(socket, new UoaModule(sockopt));
  }

  /** Datagrams that are read from now on fall under `policy`. */
  changePolicy(policy: Policy): void {
    this.policy = policy;
    this.#memo = new ClientMemo();
    this.#flows.changePolicy(policy);
  }

  /** Once the socket is bound, and for each batch: what may have changed on the machine since the last one. */
  lookAround(): void {
    this.#watch?.look(performance.now());
  }

  /** Says what is missing where node:dgram receives for a bound socket. */
  noteFallback(): void {
    if (!this.#flows.remembers || boundEnd(this.#socket) !== undefined) return;
    this.#missing ??= "without the addon no datagram tells which address of ours it was sent to: bind to one address";
  }

  get status(): Omit<UdpStatus, "receiver"> {
    return {
      format: this.#format?.name,
      missing:
        this.#missing ??
        this.#watch?.missing ??
        (this.#module?.errno === ENOPROTOOPT ? "no kernel module answers" : undefined),
      flows: this.#flows.status,
      dropped: { ...this.#dropped },
      repliesWithoutHeader: this.replies?.missing ?? 0,
    };
  }

  /** Whether clients are told in a header before the payload. */
  get readsPayload(): boolean {
    return this.#format?.prefix !== undefined;
  }

  get wants(): Wants {
    const options = this.#format?.product?.options ?? [];
    return {
      options: options.some(({ where }) => where !== "protocol-248"),
      local: this.#flows.remembers,
      protocol248: options.some(({ where }) => where === "protocol-248"),
    };
  }

  /** Milliseconds of a clock that never goes back, where flows are remembered; else unused. */
  get now(): number {
    return !this.#flows.remembers && this.replies === undefined ? 0 : performance.now();
  }

  /** The claims of options that were kept for the one who asks. */
  claims(bytes: Uint8Array, from: number, to: number, flags: number): readonly ConnectionClaim[] {
    const product = this.#format?.product;
    return product === undefined ? NONE : readOptionClaims(product, bytes, from, to, flags);
  }

  /** As `clientAddress` of these claims, without reading options that were read before. */
  clientIp(peer: Peer, bytes: Uint8Array, from: number, to: number, flags: number): string | undefined {
    const memo = this.#memo;
    if (memo.has(peer, bytes, from, to, flags)) return memo.client;
    const claims = this.claims(bytes, from, to, flags);
    const { address, memory } = peer;
    const connection = { transport: "udp", peer: address, peerPort: undefined, claims, memory } as const;
    const client = clientAddress(connection, undefined, this.policy);
    memo.keep(peer, bytes, from, to, client);
    return client;
  }

  /** A datagram as node:dgram received it, which is not told what it was sent to. */
  read(payload: Buffer, info: RemoteInfo, now: number): Message | undefined {
    if (this.#drops(info.address, info.family === "IPv4" ? 4 : 6)) return undefined;
    const peer: Peer = { address: info.address, memory: undefined, isBelieved: undefined };
    const local = this.#flows.remembers ? boundEnd(this.#socket) : undefined;
    return this.#read(payload, peer, info.family, info.port, local, now);
  }

  /** Datagram number `index`. Undefined where it is dropped. */
  readOwn(batch: OwnBatch, index: number, now: number): Message | undefined {
    const { words, options } = batch;
    const at = index * UDP_WORDS;
    const payload = batch.payloads[index] as Buffer;
    const peer = batch.peers[index] as Peer;
    const version = words[at + UDP_FAMILY] as 4 | 6;
    if (this.#drops(peer.address, version)) return undefined;
    const family = version === 4 ? "IPv4" : "IPv6";
    const port = words[at + UDP_PORT] as number;
    const option = words[at + UDP_OPTION_AT] as number;
    const end = option + (words[at + UDP_OPTION_LENGTH] as number);
    const flags = words[at + UDP_FLAGS] as number;
    const format = this.#format;
    if (format === undefined || (format.product !== undefined && !this.#flows.remembers)) {
      const info = new MessageInfo(this, peer, family, port, payload.length, undefined, options, option, end, flags);
      return { payload, info };
    }
    const local = localEndOf(words, at, version);
    const cut = this.#cutReason(flags);
    if (cut !== undefined) return this.#readCut(format, payload, peer, family, port, local, now, cut);
    if (format.product === undefined) return this.#read(payload, peer, family, port, local, now);
    const claims = this.#flows.remember(this.claims(options, option, end, flags), peer, port, local, now);
    return this.#message(payload, peer, family, port, claims);
  }

  /** To be called for every batch in place, so that flows are remembered without a look-up. */
  readBatch(batch: SocketBatch, now: number): void {
    if (this.#blockList !== undefined) batch.filter((peer, family) => !this.#drops(peer.address, family));
    if (!this.#flows.remembers) return;
    this.#batchClaims = Array.from({ length: batch.length }, (_, index) => {
      const { words, data } = batch;
      const at = index * UDP_WORDS;
      const flags = words[at + UDP_FLAGS] as number;
      const peer: Peer = { address: batch.address(index), memory: undefined, isBelieved: undefined };
      const port = words[at + UDP_PORT] as number;
      const local = localEndOf(words, at, words[at + UDP_FAMILY] as 4 | 6);
      if (this.#module !== undefined) return this.#flows.ask(this.#module, peer, port, local, now);
      const cut = this.#cutReason(flags);
      if (cut !== undefined) return this.#flows.remember(this.#cutClaims(cut), peer, port, local, now);
      const from = words[at + UDP_OPTION_AT] as number;
      const claims = this.claims(data, from, from + (words[at + UDP_OPTION_LENGTH] as number), flags);
      return this.#flows.remember(claims, peer, port, local, now);
    });
  }

  clientIpAt({ words, data }: SocketBatch, index: number, peer: Peer): string | undefined {
    const at = index * UDP_WORDS;
    if (this.#flows.remembers) {
      const claims = this.#batchClaims[index] ?? NONE;
      const { address, memory } = peer;
      const peerPort = words[at + UDP_PORT] as number;
      return clientAddress({ transport: "udp", peer: address, peerPort, claims, memory }, undefined, this.policy);
    }
    const from = words[at + UDP_OPTION_AT] as number;
    return this.clientIp(
      peer,
      data,
      from,
      from + (words[at + UDP_OPTION_LENGTH] as number),
      words[at + UDP_FLAGS] as number,
    );
  }

  #read(
    payload: Buffer,
    peer: Peer,
    family: "IPv4" | "IPv6",
    port: number,
    local: string | undefined,
    now: number,
  ): Message | undefined {
    const format = this.#format;
    if (this.#module !== undefined) {
      return this.#message(payload, peer, family, port, this.#flows.ask(this.#module, peer, port, local, now));
    }
    if (format?.prefix === undefined) return this.#message(payload, peer, family, port, NONE);
    const reading = readPayload(format.prefix, payload);
    if (!this.#flows.isBelieved(peer)) {
      // It stays payload, which its listener may write over, and its claim is one that no rule reads: a warning, which tells of a balancer that is missing from the policy.
      const claims = reading.length > 0 ? reading.claims.map(copyClaim) : NONE;
      return this.#message(payload, peer, family, port, claims);
    }
    if (reading.reason !== undefined) tellHeader(this.#socket, format, peer.address, payload, reading.reason);
    const claims = this.#flows.remember(reading.claims, peer, port, local, now);
    // A header that does not count is delivered as it came: it may be payload.
    const length = claims[0]?.reason === FLOW_DISAGREES ? 0 : reading.length;
    if (length > 0) this.replies?.keep(peer.address, port, payload.subarray(0, length), now);
    if (format.isRequired && reading.length === 0 && claims[0]?.via !== "flow")
      return this.#drop(reading.reason as string);
    // What a listener is given has nothing of the header in its memory, from which the proof is read later.
    const rest = length === 0 ? payload : ownBytes(payload, length, payload.length);
    return this.#message(rest, peer, family, port, claims);
  }

  #message(
    payload: Buffer,
    peer: Peer,
    family: "IPv4" | "IPv6",
    port: number,
    claims: readonly ConnectionClaim[],
  ): Message {
    return { payload, info: new MessageInfo(this, peer, family, port, payload.length, claims) };
  }

  /** Delivered as it came: a header stays payload. What was lost may have named another client, so that what was said of the flow before ends. */
  #readCut(
    format: CompiledUdpFormat,
    payload: Buffer,
    peer: Peer,
    family: "IPv4" | "IPv6",
    port: number,
    local: string | undefined,
    now: number,
    reason: string,
  ): Message | undefined {
    const claims = this.#flows.remember(this.#cutClaims(reason), peer, port, local, now);
    if (format.isRequired && this.#flows.isBelieved(peer)) return this.#drop(reason);
    return this.#message(payload, peer, family, port, claims);
  }

  /** The module's answer is not in the datagram. */
  #cutReason(flags: number): string | undefined {
    return this.#module === undefined ? cutReason(flags) : undefined;
  }

  #cutClaims(reason: string): readonly ConnectionClaim[] {
    const { method, name } = this.#format as CompiledUdpFormat;
    return [cutClaim(method, name, reason)];
  }

  #drop(reason: string): undefined {
    this.#dropped[reason] = (this.#dropped[reason] ?? 0) + 1;
    return undefined;
  }

  /** Whether a datagram of this source is to be dropped, and counts it. */
  #drops(address: string, family: 4 | 6): boolean {
    const isDropped = this.#blockList !== undefined && isBlocked(this.#blockList, address, family);
    if (isDropped) this.#drop("blocked");
    return isDropped;
  }
}

/** No protocol of this name: no module answers that question. */
const ENOPROTOOPT = 92;
