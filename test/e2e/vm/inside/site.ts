import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { BED, type Bed as Network, openBed } from "../../bed/bed.ts";
import { type Conversation, startScript } from "../../bed/conversation.ts";
import { type Stamp, type StampedPackets, startStamper } from "../../bed/stamper.ts";
import type { Said, Serving, Visit } from "../../bed/toa-site.ts";
import type { Bed } from "./case-group.ts";

const DIRECTORY = join(import.meta.dirname, "..", "..", "bed");
const CLI = join(import.meta.dirname, "..", "..", "..", "..", "packages", "cli", "dist", "main.js");
/** Where the image has it: there is no compiler in the machine. */
export const STAMPER = "/usr/bin/stamper";

/** What the server says of itself: toaStatus(server). */
export interface Status {
  readonly reader: string;
  readonly savedSyn: string;
  readonly programs: string;
  readonly module?: string;
  readonly native: { readonly source: string; readonly path?: string };
}

/** How a program ended, and what it wrote. */
export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Words before a program's own: what enters a control group, what gives up rights. */
export type Prefix = readonly string[];

/** The bed of the other suites (client - balancer - server), and what a case starts in it. */
export class Site implements Bed {
  readonly network: Network;
  readonly #undo: (() => unknown)[] = [];
  readonly #close: () => Promise<void>;

  constructor(network: Network, close: () => Promise<void> = async () => {}) {
    this.network = network;
    this.#close = close;
  }

  /** `close` is called when the bed is closed, after the namespaces are gone. */
  static async open(close?: () => Promise<void>): Promise<Site> {
    return new Site(await openBed(), close);
  }

  /** Calls it when the case ends, latest first. */
  atEnd(undo: () => unknown): void {
    this.#undo.push(undo);
  }

  async endCase(): Promise<void> {
    for (const undo of this.#undo.splice(0).toReversed()) await undo();
  }

  async close(): Promise<void> {
    await this.network.close();
    await this.#close();
  }

  /** A server, and what it says of itself. */
  async serve(serving: Serving = {}): Promise<{ readonly server: Conversation; readonly status: Status }> {
    const { prefix, ...options } = serving;
    const policy = { trust: [BED.balancer[4], BED.balancer[6]], from: "toa" };
    const defaults = { kind: "net", host: "::", port: BED.port, toa: "dpvs", policy };
    const script = join(DIRECTORY, "served.mjs");
    const server = startScript(this.network.server, script, { ...defaults, ...options }, prefix);
    this.atEnd(server.stop);
    return { server, status: (await server.next()) as Status };
  }

  /** A server that knows nothing of wherefrom: it tells every connection its own remoteAddress and remotePort. */
  async serveUnaware(prefix: Prefix): Promise<void> {
    const script = join(import.meta.dirname, "unaware-server.mjs");
    const server = startScript(this.network.server, script, { host: "0.0.0.0", port: BED.port }, prefix);
    this.atEnd(server.stop);
    await server.next();
  }

  /** Stamps until the case ends. */
  async stamp(packets: StampedPackets, what: Stamp, where = this.network.balancer): Promise<void> {
    this.atEnd(await startStamper(where, STAMPER, packets, what));
  }

  /** `count` connections, each from an address of its own. */
  async visit(family: 4 | 6, count: number, more: object = {}): Promise<readonly [Visit, ...Visit[]]> {
    const addresses = Array.from({ length: count }, (_, index) =>
      family === 4 ? `203.0.113.${1 + (index % 250)}` : `2001:db8:7::${(1 + index).toString(16)}`,
    );
    const timeoutMs = 30_000;
    const options = { kind: "net", host: BED.front[family], port: BED.port, addresses, timeoutMs, ...more };
    const visitor = startScript(this.network.client, join(DIRECTORY, "visits.mjs"), options);
    this.atEnd(visitor.stop);
    const visits = (await visitor.next()) as readonly [Visit, ...Visit[]];
    assert.equal(visits.length, count);
    return visits;
  }

  /** The one visit's answer. */
  async see(family: 4 | 6 = 4, more: object = {}): Promise<Said> {
    const [{ said, failed }] = await this.visit(family, 1, more);
    assert.equal(failed, undefined);
    return said;
  }

  /** Runs `wherefrom` in the machine's first namespace, to its end. */
  async command(args: readonly string[], prefix: Prefix = []): Promise<Ended> {
    const [program, ...rest] = [...prefix, process.execPath, CLI, ...args] as [string, ...string[]];
    const child = spawn(program, rest, { stdio: ["ignore", "pipe", "pipe"] });
    let out = "";
    let err = "";
    child.stdout.on("data", (text) => (out += String(text)));
    child.stderr.on("data", (text) => (err += String(text)));
    await once(child, "close");
    return { code: child.exitCode, out: out.trim(), err: err.trim() };
  }

  /** `wherefrom toa attach` at the node, which is the balancer's namespace; resolves when it says that it is attached. */
  async agent(
    args: readonly string[],
    prefix: Prefix = [],
  ): Promise<{ readonly kill: (signal: NodeJS.Signals) => Promise<void> }> {
    const [program, ...rest] = [...prefix, process.execPath, CLI, "toa", "attach", ...args] as [string, ...string[]];
    const agent = this.network.balancer.spawn(program, rest, {
      stdio: ["ignore", "pipe", "pipe"],
    });
    let complaint = "";
    agent.stderr?.on("data", (text) => (complaint += String(text)));
    const ended = once(agent, "close");
    const kill = async (signal: NodeJS.Signals): Promise<void> => {
      agent.kill(signal);
      await ended;
    };
    this.atEnd(() => kill("SIGKILL"));
    let said = "";
    for await (const text of agent.stdout ?? []) {
      said += String(text);
      if (said.includes("attached to")) return { kill };
    }
    await ended;
    throw new Error(`the agent ended: ${said}${complaint}`);
  }
}

/** Every visit was told its own address and port, through the balancer. */
export function assertEachKnown(visits: readonly Visit[], family: 4 | 6): string {
  const told = visits.map(
    ({ own, said, failed }) => failed ?? { client: said.client, peer: said.hops[0]?.address, own },
  );
  const right = visits.map(({ own }) => ({ client: own, peer: BED.balancer[family], own }));
  assert.deepEqual(told, right);
  return `${visits.length} connections, 0 wrong`;
}
