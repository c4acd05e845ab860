import cluster from "node:cluster";
import type { Server } from "node:net";
import type { Connection, Endpoint } from "@wherefrom/core";
import type { ToaProduct, ToaRecord } from "@wherefrom/core/wire";
import type { NativeStatus, SocketCalls } from "@wherefrom/native";
import {
  type Accepted,
  confirmPeer,
  isKept,
  isRecordTold,
  isScoped,
  readAccepted,
  recordOf,
  synAt,
} from "./accepted.ts";
import { blindSpotsOf } from "./blind-spots.ts";
import { connectionOf } from "../connection/connection-of.ts";
import { descriptorOf } from "../connection/descriptor.ts";
import { type ForeignOption, tellForeignOption } from "./foreign-option.ts";
import { loadNative, loadSockopt, nativeStatus } from "../connection/native.ts";
import { WANT_LOOKUP, WANT_RECORD, WANT_SYN } from "../connection/native-numbers.ts";
import { parentOf } from "../connection/socket-internals.ts";
import type { SocketLike } from "../connection/source.ts";
import { ToaConnection } from "./connection.ts";
import { answersLookups, toaModule } from "./module.ts";
import type { CompiledToa, ToaReaderName } from "./options.ts";
import { attachPrograms, isWatched, readToaRecord } from "./programs.ts";
import { openTap, ToaTap } from "./tap.ts";

/** What a server can know of its connections' TCP options, now. */
export interface ToaStatus {
  readonly product: string;
  /** The first of `readers`. "none": no option can be seen, and a machine that must send one is `carrier-absent`. */
  readonly reader: ToaReaderName | "none";
  /** All that run, and whose answers are compared: who sees most is first. */
  readonly readers: readonly ToaReaderName[];
  /** "on", or why SYNs are not kept. They tell who is connected, for every product, and the client where the product writes into them. */
  readonly savedSyn: string;
  /** "on", or why no BPF programs keep the options of later packets. */
  readonly programs: string;
  /** "on", or why no tap watches the packets of the port. */
  readonly tap: string;
  /** Packets that came when the tap was full: connections that they belong to may be unknown. */
  readonly tapLost: number;
  /** Settings of the listener and the machine under which clients are unknown, a sentence each. */
  readonly blindSpots: readonly string[];
  /** Where kernel modules of known names show themselves: a hint. */
  readonly module: string | undefined;
  readonly native: NativeStatus;
}

/** TCP_SAVE_SYN: from the IP header on. */
const FROM_IP_HEADER = 1;

/** How often is looked, in milliseconds, whether programs have gone, or a module has come or gone. Looking costs some 10 microseconds. */
const REFRESH_MS = 1000;

const ELSEWHERE = "unavailable: the listener was made in another control group than the process is in now";
const GONE = "unavailable: the programs that an agent had attached are gone";
const NOT_LISTENING = "unavailable: the server does not listen";

/** Reads what a layer-4 balancer wrote into TCP options, for the connections of one server. */
export class ToaCollector {
  readonly #product: ToaProduct;
  readonly #forced: ToaReaderName | undefined;
  #server: Server | undefined;
  #savedSyn = NOT_LISTENING;
  #programs = NOT_LISTENING;
  #tap: ToaTap | string = NOT_LISTENING;
  /** Whether a module or program answers look-ups. */
  #hasLookups = false;
  #refreshedAt = Number.NEGATIVE_INFINITY;

  constructor({ product, reader }: CompiledToa) {
    this.#product = product;
    this.#forced = reader;
  }

  /** From now on the kernel keeps the SYNs and options that we shall need. To be called when `server` listens, and again may be. */
  listen(server: Server): void {
    this.#server = server;
    this.#savedSyn = this.#startSaving(server);
    this.#programs = this.#startWatching(server);
    this.#tap = this.#startTapping(server);
    this.#refresh(descriptorOf(server), performance.now());
  }

  /**
   * What is known of the connection of `socket`, with the claim of its options; `known` is what was known before. Asks the kernel, which tells a SYN once only, so
   * call it in the tick of 'connection'; what it said is parsed at the first look-up. Options of later data packets are searched at each look-up,
   * until one is found.
   */
  collect(socket: SocketLike, known?: Connection): Connection {
    const sockopt = loadSockopt();
    const fd = descriptorOf(socket);
    const now = performance.now();
    if (now - this.#refreshedAt >= REFRESH_MS) this.#refresh(this.#listener() ?? fd, now);
    const accepted = sockopt === undefined || fd === undefined ? undefined : readAccepted(sockopt, fd, this.#wants());
    if (accepted !== undefined && isRecordTold(accepted)) this.#programs = "on";
    const tap =
      accepted && fd !== undefined && this.#tap instanceof ToaTap ? this.#tap.read(socket, fd, accepted) : undefined;
    const before = known ?? (isTold(accepted, socket) ? undefined : connectionOf(socket));
    if (before !== undefined && (before.peer === undefined || !canSaveSyns)) return before;
    return new ToaConnection({
      product: this.#product,
      isModuleHinted: this.#isModuleThere(),
      isModuleEnough: this.#isModuleEnough(),
      known: before,
      accepted,
      laterRecord: this.#laterRecord(accepted, socket, sockopt),
      tap,
      confirmed: this.#confirm(accepted, fd),
      onForeignOption: this.#tellForeignOption,
    });
  }

  /** Nothing is held for connections that come from now on. */
  close(): void {
    if (this.#tap instanceof ToaTap) this.#closeTap(this.#tap);
  }

  get status(): ToaStatus {
    toaModule.look();
    if (this.#server?.listening === true) this.#refresh(this.#listener(), performance.now());
    const readers = this.#readers();
    return {
      product: this.#product.name,
      reader: readers[0] ?? "none",
      readers,
      savedSyn: this.#savedSyn,
      programs: this.#programs,
      tap: this.#tap instanceof ToaTap ? "on" : this.#tap,
      tapLost: this.#tap instanceof ToaTap ? this.#tap.lost : 0,
      blindSpots: this.#blindSpots(),
      module: toaModule.trace(),
      native: nativeStatus(),
    };
  }

  #readers(): readonly ToaReaderName[] {
    const { packets } = this.#product;
    const isBehindSyn = packets.some((packet) => packet !== "syn");
    const runs: Readonly<Record<ToaReaderName, boolean>> = {
      "sock-ops": this.#programs === "on" && isBehindSyn,
      tap: this.#tap instanceof ToaTap,
      "saved-syn": this.#savedSyn === "on" && packets.includes("syn") && this.#forced !== "module",
      module: this.#isModuleThere(),
    };
    return (["sock-ops", "tap", "saved-syn", "module"] as const).filter((reader) => runs[reader]);
  }

  #isModuleThere(): boolean {
    if (this.#forced !== undefined) return this.#forced === "module";
    return this.#hasLookups || toaModule.trace() !== undefined;
  }

  /** This reader sees the same packets as the modules: a module that reports more has it from elsewhere. */
  #isModuleEnough(): boolean {
    if (this.#forced !== undefined) return this.#forced === "module";
    return this.#programs !== "on" && !(this.#tap instanceof ToaTap);
  }

  /**
   * What each connection is asked for: its SYN always, because that tells who is connected. For the programs' record also where none are known of: an agent that comes, or comes back, names
   * clients from the first connection on that it sees, and to ask in vain costs 0.2 microseconds.
   */
  #wants(): number {
    const isAskedForLookups = this.#forced === "module" || (this.#forced === undefined && this.#hasLookups);
    return WANT_SYN | (this.#mayWatch() ? WANT_RECORD : 0) | (isAskedForLookups ? WANT_LOOKUP : 0);
  }

  #listener(): number | undefined {
    return this.#server === undefined ? undefined : descriptorOf(this.#server);
  }

  /** Programs and modules come and go while the server listens. `fd` is the listener's, or a connection's that was accepted from one in another process. */
  #refresh(fd: number | undefined, nowMs: number): void {
    this.#refreshedAt = nowMs;
    const sockopt = loadSockopt();
    if (sockopt === undefined || fd === undefined) return;
    this.#hasLookups = answersLookups(sockopt, fd);
    if (!this.#mayWatch()) return;
    const isOn = isWatched(sockopt, fd);
    if (isOn) this.#programs = "on";
    // An agent's, which may be being replaced: programs of our own would keep the next one out of the group.
    else if (this.#programs === "on") this.#programs = GONE;
  }

  #mayWatch(): boolean {
    return this.#forced === undefined || this.#forced === "sock-ops";
  }

  /** Where nothing was kept yet and the product writes into data, too. A record that is there does not change. */
  #laterRecord(
    accepted: Accepted | undefined,
    socket: SocketLike,
    sockopt: SocketCalls | undefined,
  ): (() => ToaRecord | undefined) | undefined {
    if (this.#programs !== "on" || !this.#product.packets.includes("data")) return undefined;
    if (sockopt === undefined || accepted === undefined || isKept(accepted)) return undefined;
    let record: ToaRecord | undefined;
    return () => {
      const fd = record?.packet === undefined ? descriptorOf(socket) : undefined;
      if (fd !== undefined) record = readToaRecord(sockopt, fd) ?? record;
      return record;
    };
  }

  readonly #tellForeignOption = (connection: Connection, option: ForeignOption): void => {
    if (this.#server !== undefined) tellForeignOption(this.#server, connection, this.#product, option);
  };

  /** ByteDance's module leaves SO_PEERNAME as it is: where no packet tells who is connected, that and the kernel's table of sockets do. */
  #confirm(accepted: Accepted | undefined, fd: number | undefined): Endpoint | undefined {
    if (this.#product.name !== "bytedance" || accepted === undefined || fd === undefined) {
      return undefined;
    }
    const isKnown = synAt(accepted) < accepted.to || recordOf(accepted) !== undefined;
    return isKnown ? undefined : confirmPeer(loadNative()?.tap, fd);
  }

  /** The programs that were attached before, to whatever group the listener was made in, or our own. */
  #startWatching(server: Server): string {
    const native = loadNative();
    const { packets } = this.#product;
    if (!this.#mayWatch()) return `off: the reader is ${this.#forced}`;
    if (native === undefined) return "unavailable: no native calls";
    const fd = descriptorOf(server);
    if (fd !== undefined && isWatched(native.sockets, fd)) return "on";
    if (!packets.includes("ack") && !packets.includes("data")) {
      return `off: ${this.#product.name} puts nothing behind SYNs`;
    }
    const attached = attachPrograms(native.bpf, packets.includes("data"));
    if (attached !== "on" || fd === undefined || isWatched(native.sockets, fd)) return attached;
    return ELSEWHERE;
  }

  #startTapping(server: Server): ToaTap | string {
    const native = loadNative();
    if (this.#tap instanceof ToaTap) this.#tap.close();
    if (this.#forced !== undefined && this.#forced !== "tap") return `off: the reader is ${this.#forced}`;
    if (native === undefined) return "unavailable: no native calls";
    const tap = openTap(native.tap, server, this.#product);
    if (tap instanceof ToaTap) server.once("close", () => this.#closeTap(tap));
    return tap;
  }

  #closeTap(tap: ToaTap): void {
    if (this.#tap !== tap) return;
    tap.close();
    this.#tap = NOT_LISTENING;
  }

  #blindSpots(): readonly string[] {
    const sockopt = loadSockopt();
    const fd = this.#listener();
    if (sockopt === undefined || this.#server?.listening !== true) return [];
    const tellsPeers = this.#programs === "on" || this.#tap instanceof ToaTap;
    return blindSpotsOf(sockopt, fd, this.#product, undefined, tellsPeers);
  }

  #startSaving(server: Server): string {
    const sockopt = loadSockopt();
    if (sockopt === undefined) return "unavailable: no native calls";
    const fd = descriptorOf(server);
    if (fd === undefined) return `unavailable: ${cluster.isWorker ? "cluster round-robin" : "no descriptor"}`;
    const result = sockopt.saveSyn(fd, FROM_IP_HEADER);
    return result === 0 ? "on" : `unavailable: errno ${-result}`;
  }
}

/** TCP_SAVE_SYN is Linux's, and so are modules that rewrite peers: elsewhere the kernel's word is the peer. */
const canSaveSyns = process.platform === "linux";

/** Whether the kernel's answer tells the peer as Node would: it names no zone, and knows nothing of what was said of a socket that this one runs over. */
function isTold(accepted: Accepted | undefined, socket: SocketLike): boolean {
  return accepted !== undefined && !isScoped(accepted) && parentOf(socket) === undefined;
}
