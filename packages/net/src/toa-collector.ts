import cluster from "node:cluster";
import type { Server } from "node:net";
import type { Connection, ConnectionClaim } from "@wherefrom/core";
import { parseToaLookup, type ToaProduct } from "@wherefrom/core/wire";
import type { NativeStatus, Sockopt } from "@wherefrom/native";
import { descriptorOf } from "./descriptor.ts";
import { loadSockopt, nativeStatus } from "./native.ts";
import { readSavedSyn, saveSyns } from "./saved-syn.ts";
import { ToaConnection } from "./toa-connection.ts";
import { toaModule } from "./toa-module.ts";
import type { CompiledToa, ToaReaderName } from "./toa-options.ts";
import type { SocketLike } from "./source.ts";

/** What a server can know of its connections' TCP options, now. */
export interface ToaStatus {
  readonly product: string;
  /** "none": no option can be seen, and a machine that must send one is `carrier-absent`. */
  readonly reader: ToaReaderName | "none";
  /** "on", or why SYNs are not kept. */
  readonly savedSyn: string;
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

  constructor({ product, reader }: CompiledToa) {
    this.#product = product;
    this.#forced = reader;
  }

  /** From now on the kernel keeps the SYNs that we shall need. To be called when `server` listens, and again may be. */
  listen(server: Server): void {
    this.#savedSyn = this.#startSaving(server);
  }

  /**
   * What is known of the connection of `socket`, with the claim of its options. Reads the SYN, which can be read once, so call it in the tick of
   * 'connection'; what was read is parsed when somebody first asks.
   */
  collect(socket: SocketLike, connection: Connection): Connection {
    const fd = descriptorOf(socket);
    const sockopt = loadSockopt();
    const isModule = this.#reader(sockopt) === "module";
    const syn = fd === undefined || sockopt === undefined ? undefined : readSavedSyn(sockopt, fd);
    const lookup = fd === undefined || sockopt === undefined || !isModule ? undefined : readLookup(sockopt, fd);
    if (connection.peer === undefined || (syn === undefined && !isModule)) return connection;
    return new ToaConnection(connection, this.#product, syn, lookup, isModule);
  }

  get status(): ToaStatus {
    const sockopt = loadSockopt();
    return {
      product: this.#product.name,
      reader: this.#reader(sockopt),
      savedSyn: this.#savedSyn,
      module: toaModule.trace(),
      native: nativeStatus(),
    };
  }

  #reader(sockopt: Sockopt | undefined): ToaReaderName | "none" {
    if (this.#forced === "module") return "module";
    if (this.#forced === undefined && toaModule.trace() !== undefined) return "module";
    return sockopt !== undefined && this.#savedSyn === "on" && this.#product.packets.includes("syn")
      ? "saved-syn"
      : "none";
  }

  #startSaving(server: Server): string {
    const sockopt = loadSockopt();
    if (sockopt === undefined) return "unavailable: no native calls";
    const isNeeded =
      this.#product.packets.includes("syn") || this.#forced === "module" || toaModule.trace() !== undefined;
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
