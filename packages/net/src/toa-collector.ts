import cluster from "node:cluster";
import type { Server } from "node:net";
import type { Connection } from "@wherefrom/core";
import type { ToaProduct, ToaRecord } from "@wherefrom/core/wire";
import type { NativeStatus, Sockopt } from "@wherefrom/native";
import { type Accepted, isScoped, readAccepted, WANT_LOOKUP, WANT_RECORD, WANT_SYN } from "./accepted.ts";
import { connectionOf } from "./connection-of.ts";
import { blindSpotsOf } from "./blind-spots.ts";
import { descriptorOf } from "./descriptor.ts";
import { loadSockopt, nativeStatus } from "./native.ts";
import { parentOf } from "./socket-internals.ts";
import { ToaConnection } from "./toa-connection.ts";
import { attachPrograms, isWatched, readToaRecord } from "./toa-programs.ts";
import { toaModule } from "./toa-module.ts";
import type { CompiledToa, ToaReaderName } from "./toa-options.ts";
import { openTap, ToaTap } from "./toa-tap.ts";
import type { SocketLike } from "./source.ts";

/** What a server can know of its connections' TCP options, now. */
export interface ToaStatus {
  readonly product: string;
  /** "none": no option can be seen, and a machine that must send one is `carrier-absent`. */
  readonly reader: ToaReaderName | "none";
  /** "on", or why SYNs are not kept. */
  readonly savedSyn: string;
  /** "on", or why no BPF programs keep the options of later packets. */
  readonly programs: string;
  /** "on", or why no tap watches the packets of the port. */
  readonly tap: string;
  /** Packets that came when the tap was full: connections that they belong to may be unknown. */
  readonly tapLost: number;
  /** Settings of the listener and the machine under which options are lost, a sentence each; as they were when the server began to listen. */
  readonly blindSpots: readonly string[];
  /** Where a kernel module showed itself. */
  readonly module: string | undefined;
  readonly native: NativeStatus;
}

/** TCP_SAVE_SYN: from the IP header on. */
const FROM_IP_HEADER = 1;

/** Reads what a layer-4 balancer wrote into TCP options, for the connections of one server. */
export class ToaCollector {
  readonly #product: ToaProduct;
  readonly #forced: ToaReaderName | undefined;
  #server: Server | undefined;
  #savedSyn = "unavailable: the server does not listen";
  #blindSpots: readonly string[] = [];
  #programs = "unavailable: the server does not listen";
  #tap: ToaTap | string = "unavailable: the server does not listen";
  /** What each connection is asked for, a module's answer left out. */
  #wants = WANT_SYN;

  constructor({ product, reader }: CompiledToa) {
    this.#product = product;
    this.#forced = reader;
  }

  /** From now on the kernel keeps the SYNs and options that we shall need. To be called when `server` listens, and again may be. */
  listen(server: Server): void {
    this.#server = server;
    this.#programs = this.#startWatching(server);
    this.#tap = this.#startTapping(server);
    this.#savedSyn = this.#startSaving(server);
    this.#blindSpots = this.#lookForBlindSpots(server);
    this.#wants = (this.#readsSyn() ? WANT_SYN : 0) | (this.#programs === "on" ? WANT_RECORD : 0);
  }

  /**
   * What is known of the connection of `socket`, with the claim of its options; `known` is what was known before. Asks the kernel, which tells a SYN once only, so
   * call it in the tick of 'connection'; what it said is parsed when somebody first asks. What comes with later data is looked for whenever somebody asks,
   * until it is there.
   */
  collect(socket: SocketLike, known?: Connection): Connection {
    const sockopt = loadSockopt();
    const isModule = this.#reader(sockopt) === "module";
    if (isModule && (this.#wants & WANT_SYN) === 0) this.#saveFromNowOn();
    const fd = descriptorOf(socket);
    // Before the SYN is read: the tap may need it.
    const tapped = fd === undefined || !(this.#tap instanceof ToaTap) ? undefined : this.#tap.read(socket, fd);
    const wants = isModule ? this.#wants | WANT_LOOKUP : this.#wants;
    const accepted = sockopt === undefined || fd === undefined ? undefined : readAccepted(sockopt, fd, wants);
    const before = known ?? (isTold(accepted, socket) ? undefined : connectionOf(socket));
    if (before !== undefined && (before.peer === undefined || (accepted === undefined && !isModule))) return before;
    return new ToaConnection({
      product: this.#product,
      isModule,
      known: before,
      accepted,
      laterRecord: tapped?.record ?? this.#laterRecord(accepted, socket, sockopt),
      doubt: tapped?.doubt,
    });
  }

  /** Nothing is held for connections that come from now on. */
  close(): void {
    if (this.#tap instanceof ToaTap) this.#closeTap(this.#tap);
  }

  get status(): ToaStatus {
    const sockopt = loadSockopt();
    return {
      product: this.#product.name,
      reader: this.#reader(sockopt),
      savedSyn: this.#savedSyn,
      programs: this.#programs,
      tap: this.#tap instanceof ToaTap ? "on" : this.#tap,
      tapLost: this.#tap instanceof ToaTap ? this.#tap.lost : 0,
      blindSpots: this.#blindSpots,
      module: toaModule.trace(),
      native: nativeStatus(),
    };
  }

  #reader(sockopt: Sockopt | undefined): ToaReaderName | "none" {
    if (this.#forced === "module") return "module";
    if (this.#forced === undefined && toaModule.trace() !== undefined) return "module";
    if (sockopt === undefined) return "none";
    if (this.#programs === "on") return "sock-ops";
    if (this.#tap instanceof ToaTap) return "tap";
    return this.#savedSyn === "on" && this.#product.packets.includes("syn") ? "saved-syn" : "none";
  }

  /** A module was loaded after the server began to listen: SYNs tell who its peers are. */
  #saveFromNowOn(): void {
    this.#wants |= WANT_SYN;
    if (this.#server !== undefined) this.#savedSyn = this.#startSaving(this.#server);
  }

  /** Where nothing was kept yet and the product writes into data, too. A record that is there does not change. */
  #laterRecord(
    accepted: Accepted | undefined,
    socket: SocketLike,
    sockopt: Sockopt | undefined,
  ): (() => ToaRecord | undefined) | undefined {
    if (this.#programs !== "on" || !this.#product.packets.includes("data")) return undefined;
    if (sockopt === undefined || accepted === undefined || (accepted.told & WANT_RECORD) !== 0) return undefined;
    let record: ToaRecord | undefined;
    return () => {
      const fd = record === undefined ? descriptorOf(socket) : undefined;
      if (fd !== undefined) record = readToaRecord(sockopt, fd);
      return record;
    };
  }

  /** The programs that were attached before, to whatever group the listener was made in, or our own. */
  #startWatching(server: Server): string {
    const sockopt = loadSockopt();
    const { packets } = this.#product;
    if (this.#forced !== undefined && this.#forced !== "sock-ops") return `off: the reader is ${this.#forced}`;
    if (this.#forced === undefined && toaModule.trace() !== undefined) return "off: a kernel module reads";
    if (!packets.includes("ack") && !packets.includes("data")) {
      return `off: ${this.#product.name} puts nothing behind SYNs`;
    }
    if (sockopt === undefined) return "unavailable: no native calls";
    const fd = descriptorOf(server);
    if (fd !== undefined && isWatched(sockopt, fd)) return "on";
    const attached = attachPrograms(sockopt, packets.includes("data"));
    if (attached !== "on" || fd === undefined || isWatched(sockopt, fd)) return attached;
    return "unavailable: the listener was made in another control group than the process is in now";
  }

  #startTapping(server: Server): ToaTap | string {
    const sockopt = loadSockopt();
    if (this.#tap instanceof ToaTap) this.#tap.close();
    if (this.#forced !== undefined && this.#forced !== "tap") return `off: the reader is ${this.#forced}`;
    if (this.#forced === undefined && toaModule.trace() !== undefined) return "off: a kernel module reads";
    if (this.#programs === "on") return "off: BPF programs read";
    if (sockopt === undefined) return "unavailable: no native calls";
    const tap = openTap(sockopt, server, this.#product);
    if (tap instanceof ToaTap) server.once("close", () => this.#closeTap(tap));
    return tap;
  }

  #closeTap(tap: ToaTap): void {
    if (this.#tap !== tap) return;
    tap.close();
    this.#tap = "unavailable: the server does not listen";
  }

  /** Whether a connection's SYN has something to tell: what the product wrote there, or who the peer is. */
  #readsSyn(): boolean {
    return this.#product.packets.includes("syn") || this.#forced === "module" || toaModule.trace() !== undefined;
  }

  #lookForBlindSpots(server: Server): readonly string[] {
    const sockopt = loadSockopt();
    const fd = descriptorOf(server);
    return sockopt === undefined || fd === undefined ? [] : blindSpotsOf(sockopt, fd, this.#product);
  }

  #startSaving(server: Server): string {
    const sockopt = loadSockopt();
    if (sockopt === undefined) return "unavailable: no native calls";
    const isNeeded = this.#readsSyn() || this.#tap instanceof ToaTap;
    if (!isNeeded) return `off: ${this.#product.name} puts nothing into SYNs`;
    const fd = descriptorOf(server);
    if (fd === undefined) return `unavailable: ${cluster.isWorker ? "cluster round-robin" : "no descriptor"}`;
    const result = sockopt.saveSyn(fd, FROM_IP_HEADER);
    return result === 0 ? "on" : `unavailable: errno ${-result}`;
  }
}

/** Whether the kernel's answer tells the peer as Node would: it names no zone, and knows nothing of what was said of a socket that this one runs over. */
function isTold(accepted: Accepted | undefined, socket: SocketLike): boolean {
  return accepted !== undefined && !isScoped(accepted) && parentOf(socket) === undefined;
}
