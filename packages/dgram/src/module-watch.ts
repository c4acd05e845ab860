import type { Socket } from "node:dgram";
import { tellOnce } from "@wherefrom/net/internal";
import { handleOf } from "./dgram-internals.ts";
import type { UoaModule } from "./uoa-module.ts";

/** Time between two looks whether a module was loaded, in milliseconds. */
const LOOK_MS = 10_000;

const DETAIL = `the kernel module uoa takes what comes in IP protocol 248 for itself, and udp: "dpvs-opp" hears none of it: type udp: "uoa-module", which asks the module, or unload it`;

/** Looks whether dpvs' module takes away what a socket is to read in IP protocol 248, and says so once. Modules come while a socket is open. */
export class ModuleWatch {
  readonly #socket: Socket;
  readonly #module: UoaModule;
  #isTold = false;
  #next = 0;

  constructor(socket: Socket, module: UoaModule) {
    this.#socket = socket;
    this.#module = module;
  }

  /** What is missing because of it, now. */
  get missing(): string | undefined {
    return this.#isInTheWay() ? DETAIL : undefined;
  }

  /** `now` are milliseconds of a clock that never goes back. After the notice, only requests for the status look again. */
  look(now: number): void {
    if (this.#isTold || now < this.#next) return;
    this.#next = now + LOOK_MS;
    if (!this.#isInTheWay()) return;
    this.#isTold = true;
    tellOnce(this.#socket, { code: "uoa-module-loaded", detail: DETAIL });
  }

  #isInTheWay(): boolean {
    const fd = handleOf(this.#socket)?.fd;
    return fd !== undefined && this.#module.isLoaded(fd);
  }
}
