import cluster from "node:cluster";
import type { Server } from "node:net";
import type { Connection, ConnectionClaim } from "@wherefrom/core";
import { parseToaLookup, type ToaProduct, type ToaRecord } from "@wherefrom/core/wire";
import type { NativeStatus, Sockopt } from "@wherefrom/native";
import { descriptorOf } from "./descriptor.ts";
import { loadSockopt, nativeStatus } from "./native.ts";
import { readSavedSyn, saveSyns } from "./saved-syn.ts";
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
  /** Where a kernel module showed itself. */
  readonly module: string | undefined;
  readonly native: NativeStatus;
}

/** sizeof(struct toa_nat64_peer). */
const LOOKUP_BYTES = 20;

/** Reads what a layer-4 balancer wrote into TCP options, for the connections of one server. */
export class ToaCollector {
  readonly #product: ToaProduct;
  readonly #forced: ToaReaderName | undefined;
  #savedSyn = "unavailable: the server does not listen";
  #programs = "unavailable: the server does not listen";
  #tap: ToaTap | string = "unavailable: the server does not listen";

  constructor({ product, reader }: CompiledToa) {
    this.#product = product;
    this.#forced = reader;
  }

  /** From now on the kernel keeps the SYNs and options that we shall need. To be called when `server` listens, and again may be. */
  listen(server: Server): void {
    this.#programs = this.#startWatching(server);
    this.#tap = this.#startTapping(server);
    this.#savedSyn = this.#startSaving(server);
  }

  /**
   * What is known of the connection of `socket`, with the claim of its options. Reads the SYN, which can be read once, so call it in the tick of
   * 'connection'; what was read is parsed when somebody first asks. What comes with later data is looked for whenever somebody asks, until it is there.
   */
  collect(socket: SocketLike, connection: Connection): Connection {
    const fd = descriptorOf(socket);
    const sockopt = loadSockopt();
    const isModule = this.#reader(sockopt) === "module";
    const tapped = fd === undefined || !(this.#tap instanceof ToaTap) ? undefined : this.#tap.read(socket, fd);
    const readsSyn = isModule || this.#product.packets.includes("syn");
    const syn = fd === undefined || sockopt === undefined || !readsSyn ? undefined : readSavedSyn(sockopt, fd);
    const lookup = fd === undefined || sockopt === undefined || !isModule ? undefined : readLookup(sockopt, fd);
    const record =
      fd === undefined || sockopt === undefined || this.#programs !== "on"
        ? tapped?.record
        : this.#record(sockopt, socket);
    const evidence = { syn, record, lookup, doubt: tapped?.doubt };
    const isNothing = syn === undefined && record === undefined && evidence.doubt === undefined && !isModule;
    return connection.peer === undefined || isNothing
      ? connection
      : new ToaConnection(connection, this.#product, evidence, isModule);
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

  /** Reads now and, where the product writes into data, whenever it is asked again: a record that is there does not change. */
  #record(sockopt: Sockopt, socket: SocketLike): () => ToaRecord | undefined {
    let record = readToaRecord(sockopt, descriptorOf(socket) as number);
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

  #startSaving(server: Server): string {
    const sockopt = loadSockopt();
    if (sockopt === undefined) return "unavailable: no native calls";
    const isNeeded =
      this.#product.packets.includes("syn") ||
      this.#tap instanceof ToaTap ||
      this.#forced === "module" ||
      toaModule.trace() !== undefined;
    if (!isNeeded) return `off: ${this.#product.name} puts nothing into SYNs`;
    const fd = descriptorOf(server);
    if (fd === undefined) return `unavailable: ${cluster.isWorker ? "cluster round-robin" : "no descriptor"}`;
    const result = saveSyns(sockopt, fd);
    return result === 0 ? "on" : `unavailable: errno ${-result}`;
  }
}

function readLookup(sockopt: Sockopt, fd: number): ConnectionClaim | undefined {
  return sockopt.toaLookup(fd) === LOOKUP_BYTES ? parseToaLookup(sockopt.buffer.subarray(0, LOOKUP_BYTES)) : undefined;
}
