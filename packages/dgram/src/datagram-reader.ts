import type { Socket } from "node:dgram";
import { performance } from "node:perf_hooks";
import { believes, clientAddress, type ConnectionClaim, type Policy } from "@wherefrom/core";
import { FAMILY, FLAGS, LENGTH, LOCAL, OPTION_AT, OPTION_LENGTH, PORT, AT, type SocketBatch, WORDS } from "./batch.ts";
import { copyClaim, readOptionClaims, readPayload, rememberedClaim } from "./claim-source.ts";
import { ClientMemo } from "./client-memo.ts";
import { handleOf } from "./dgram-internals.ts";
import { type FlowStatus, FlowTable } from "./flow-table.ts";
import type { RemoteInfo } from "./get-client.ts";
import { MessageInfo, type Site } from "./message-info.ts";
import { loadSockopt } from "./native.ts";
import type { Peer } from "./peer.ts";
import type { Wants } from "./receiver.ts";
import { ReplyHeaders } from "./reply-headers.ts";
import type { CompiledUdpFormat } from "./udp-format.ts";
import { UOA_ASK_AGAIN_MS, UoaModule } from "./uoa-module.ts";

/** What a socket can know of its datagrams, now. */
export interface UdpStatus {
  /** "addon", or "node:dgram, because ...": then no IP option is seen. */
  readonly receiver: string;
  /** Undefined where the source of a datagram is all that is looked at. */
  readonly format: string | undefined;
  /** What the format lacks here, or undefined. */
  readonly missing: string | undefined;
  readonly flows: FlowStatus | undefined;
  /** Datagrams that were not delivered, by reason: of a format that is `required`, and what is no datagram in IP protocol 248 ("opp-broken", "opp-checksum"). */
  readonly dropped: Readonly<Record<string, number>>;
  /** Replies that went out without the header that Simple Proxy Protocol wants. */
  readonly repliesWithoutHeader: number;
}

export interface Message {
  readonly payload: Buffer;
  readonly info: MessageInfo;
}

const NONE: readonly ConnectionClaim[] = [];

/** Finds out what was said of the datagrams of one socket. */
export class DatagramReader implements Site {
  readonly policy: Policy;
  readonly replies: ReplyHeaders | undefined;
  readonly #socket: Socket;
  readonly #format: CompiledUdpFormat | undefined;
  readonly #flows: FlowTable<ConnectionClaim> | undefined;
  readonly #module: UoaModule | undefined;
  readonly #memo = new ClientMemo();
  readonly #dropped: Record<string, number> = {};
  /** Of a batch in place: what was remembered or kept of each datagram. */
  #batchClaims: (readonly ConnectionClaim[])[] = [];
  #missing: string | undefined;

  constructor(socket: Socket, policy: Policy, format: CompiledUdpFormat | undefined) {
    this.policy = policy;
    this.#socket = socket;
    this.#format = format;
    if (format?.remembers === true) this.#flows = new FlowTable(format.flowLimit, format.flowIdleMs);
    if (format?.method === "spp") this.replies = new ReplyHeaders(format.flowLimit, format.flowIdleMs);
    if (format?.name === "uoa-module") {
      const sockopt = loadSockopt();
      if (typeof sockopt === "string") this.#missing = sockopt;
      else this.#module = new UoaModule(sockopt);
    }
  }

  get status(): Omit<UdpStatus, "receiver"> {
    return {
      format: this.#format?.name,
      missing: this.#missing ?? (this.#module?.errno === ENOPROTOOPT ? "no kernel module answers" : undefined),
      flows: this.#flows?.status,
      dropped: { ...this.#dropped },
      repliesWithoutHeader: this.replies?.missing ?? 0,
    };
  }

  /** Whether clients are told in a header before the payload. */
  get readsPayload(): boolean {
    return this.#format?.method === "spp" || this.#format?.method === "proxy-protocol";
  }

  get wants(): Wants {
    const options = this.#format?.product?.options ?? [];
    return {
      options: options.some(({ where }) => where !== "protocol-248"),
      local: this.#flows !== undefined,
      protocol248: options.some(({ where }) => where === "protocol-248"),
    };
  }

  /** Milliseconds of a clock that never goes back, where anything is remembered; else nobody looks at it. */
  get now(): number {
    return this.#flows === undefined && this.replies === undefined ? 0 : performance.now();
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

  /** A datagram as node:dgram received it. */
  read(payload: Buffer, info: RemoteInfo, now: number): Message | undefined {
    const peer: Peer = { address: info.address, memory: undefined, isBelieved: undefined };
    return this.#read(payload, peer, info.family, info.port, "", now);
  }

  /** The datagram that words[at, at + 16) describe, whose bytes are in `data`, where they stay. Undefined where it is dropped. */
  readPacked(data: Buffer, words: Int32Array, at: number, peer: Peer, now: number): Message | undefined {
    const from = words[at + AT] as number;
    const payload = data.subarray(from, from + (words[at + LENGTH] as number));
    const family = words[at + FAMILY] === 4 ? "IPv4" : "IPv6";
    const port = words[at + PORT] as number;
    const option = words[at + OPTION_AT] as number;
    const optionEnd = option + (words[at + OPTION_LENGTH] as number);
    const flags = words[at + FLAGS] as number;
    if (this.#format === undefined || (this.#format.product !== undefined && this.#flows === undefined)) {
      const info = new MessageInfo(this, peer, family, port, payload.length, undefined, data, option, optionEnd, flags);
      return { payload, info };
    }
    const local = localOf(words, at);
    if (this.#format.product === undefined) return this.#read(payload, peer, family, port, local, now);
    const claims = this.#remember(this.claims(data, option, optionEnd, flags), peer, port, local, now);
    return { payload, info: new MessageInfo(this, peer, family, port, payload.length, claims) };
  }

  /** To be called for every batch in place, so that flows are remembered although nobody asks. */
  readBatch(batch: SocketBatch, now: number): void {
    if (this.#flows === undefined) return;
    this.#batchClaims = Array.from({ length: batch.length }, (_, index) => {
      const { words, data } = batch;
      const at = index * WORDS;
      const peer: Peer = { address: batch.address(index), memory: undefined, isBelieved: undefined };
      const port = words[at + PORT] as number;
      const local = localOf(words, at);
      if (this.#module !== undefined) return this.#ask(this.#module, peer, port, local, now);
      const from = words[at + OPTION_AT] as number;
      const claims = this.claims(data, from, from + (words[at + OPTION_LENGTH] as number), words[at + FLAGS] as number);
      return this.#remember(claims, peer, port, local, now);
    });
  }

  clientIpAt({ words, data }: SocketBatch, index: number, peer: Peer): string | undefined {
    const at = index * WORDS;
    if (this.#flows !== undefined) {
      const claims = this.#batchClaims[index] ?? NONE;
      const { address, memory } = peer;
      const peerPort = words[at + PORT] as number;
      return clientAddress({ transport: "udp", peer: address, peerPort, claims, memory }, undefined, this.policy);
    }
    const from = words[at + OPTION_AT] as number;
    return this.clientIp(peer, data, from, from + (words[at + OPTION_LENGTH] as number), words[at + FLAGS] as number);
  }

  #read(
    payload: Buffer,
    peer: Peer,
    family: "IPv4" | "IPv6",
    port: number,
    local: string,
    now: number,
  ): Message | undefined {
    const format = this.#format;
    if (this.#module !== undefined) {
      return this.#message(payload, peer, family, port, this.#ask(this.#module, peer, port, local, now));
    }
    if (format === undefined || !this.readsPayload) return this.#message(payload, peer, family, port, NONE);
    const reading = readPayload(format.method, payload);
    if (!this.#isBelieved(peer)) {
      // It stays payload, which its listener may write over, and its claim is one that no rule reads: a warning, which tells of a balancer that is missing from the policy.
      const claims = reading.length > 0 ? reading.claims.map(copyClaim) : NONE;
      return this.#message(payload, peer, family, port, claims);
    }
    const { length } = reading;
    if (length > 0) this.replies?.keep(peer.address, port, payload.subarray(0, length), now);
    const claims = this.#remember(reading.claims, peer, port, local, now);
    if (format.isRequired && length === 0 && claims[0]?.via !== "flow") {
      const reason = reading.reason as string;
      this.#dropped[reason] = (this.#dropped[reason] ?? 0) + 1;
      return undefined;
    }
    return this.#message(length === 0 ? payload : payload.subarray(length), peer, family, port, claims);
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

  /** What is said now, or else what was said of the flow before. Only what a believed balancer says is remembered, and a claim that says nothing clear ends nothing. */
  #remember(
    claims: readonly ConnectionClaim[],
    peer: Peer,
    port: number,
    local: string,
    now: number,
  ): readonly ConnectionClaim[] {
    const flows = this.#flows;
    if (flows === undefined) return claims;
    const [claim] = claims;
    if (claim === undefined) {
      const flow = flows.find(`${peer.address} ${port}${local}`, now);
      return flow === undefined ? NONE : [rememberedClaim(flow.value, now - flow.told)];
    }
    if (this.#isBelieved(peer)) flows.keep(`${peer.address} ${port}${local}`, copyClaim(claim), now);
    return claims;
  }

  #ask(module: UoaModule, peer: Peer, port: number, local: string, now: number): readonly ConnectionClaim[] {
    if (!this.#isBelieved(peer)) return NONE;
    const flows = this.#flows as FlowTable<ConnectionClaim>;
    const key = `${peer.address} ${port}${local}`;
    const flow = flows.find(key, now);
    if (flow !== undefined && now - flow.told < UOA_ASK_AGAIN_MS) return [rememberedClaim(flow.value, now - flow.told)];
    const fd = handleOf(this.#socket)?.fd;
    const claim = fd === undefined ? undefined : module.ask(fd, peer.address, port, this.#socket.address().port);
    if (claim === undefined) return NONE;
    flows.keep(key, claim, now);
    return [claim];
  }

  #isBelieved(peer: Peer): boolean {
    if (peer.isBelieved !== undefined) return peer.isBelieved;
    const connection = { transport: "udp", peer: peer.address, peerPort: undefined, claims: NONE } as const;
    return (peer.isBelieved = this.#format !== undefined && believes(this.policy, connection, this.#format.method));
  }
}

/** No protocol of this name: nobody answers that question. */
const ENOPROTOOPT = 92;

/** Our end of a flow, as words. */
function localOf(words: Int32Array, at: number): string {
  const w3 = words[at + LOCAL + 3] as number;
  const first = words[at + LOCAL] as number;
  if (w3 === 0) return ` ${first}`;
  return ` ${first} ${words[at + LOCAL + 1] as number} ${words[at + LOCAL + 2] as number} ${w3}`;
}
