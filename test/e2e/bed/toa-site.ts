import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, onTestFinished } from "vitest";
import { type Certificate, makeCertificate } from "../certificate.ts";
import { BED, type Bed, openBed } from "./bed.ts";
import { type Conversation, startScript } from "./conversation.ts";
import type { Namespace } from "./namespace.ts";
import { compileStamper, type Stamp, type StampedPackets, startStamper } from "./stamper.ts";

const SERVED = join(import.meta.dirname, "served.mjs");
const VISITS = join(import.meta.dirname, "visits.mjs");

/** What the server said of one connection. */
export interface Said {
  /** What the kernel calls the peer. */
  readonly named: { readonly address: string; readonly port: number };
  readonly client?: { readonly address: string; readonly port?: number };
  readonly nearest?: { readonly address: string };
  readonly method: string;
  readonly stop: string;
  /** Packets that the tap has lost, where the server is to tell it. */
  readonly lost?: number;
  readonly warnings: readonly string[];
  /** Codes of what the process was warned of, where the server is to tell it. */
  readonly notices?: readonly string[];
  /** What a framework's own `ip` says. */
  readonly ip?: string;
  readonly hops: readonly { by: string; format: string; address?: string; verdict: string; reason?: string }[];
}

export interface Visit {
  readonly own: { readonly address: string; readonly port: number };
  readonly said: Said;
  readonly failed?: string;
}

/** toaStatus(server), as far as tests look at it. */
interface ServerStatus {
  readonly reader?: string;
  readonly readers?: readonly string[];
  readonly savedSyn?: string;
  readonly programs?: string;
  readonly tap?: string;
  readonly tapLost?: number;
  readonly blindSpots?: readonly string[];
  readonly module?: string;
}

export interface Serving {
  readonly kind?: "net" | "tls" | "http" | "http2" | "express" | "fastify" | "koa" | "compare";
  readonly host?: string;
  readonly port?: number;
  readonly toa?: unknown;
  readonly policy?: object;
  readonly workers?: number;
  readonly threads?: number;
  readonly scheduling?: "none" | "round-robin";
  readonly prefix?: readonly string[];
  readonly tellsLost?: boolean;
  readonly tellsNotices?: boolean;
}

/** The balancer's addresses towards the server, and a policy that believes its option. */
export const BALANCER: readonly string[] = [BED.balancer[4], BED.balancer[6]];
const FROM_BALANCER = { trust: BALANCER, from: "toa" };

/** A bed with a stamper for the tests of this block: what they start is stopped when they end, and all of it at the end. */
export class ToaSite {
  bed!: Bed;
  #stamper!: ReturnType<typeof compileStamper>;
  #certificate!: Certificate;

  constructor() {
    beforeAll(async () => {
      [this.bed, this.#stamper, this.#certificate] = [
        await openBed(),
        compileStamper(),
        makeCertificate([BED.front[4]]),
      ];
    });
    afterAll(async () => {
      await this.bed?.close();
      this.#stamper?.remove();
      this.#certificate?.remove();
    });
  }

  /** A server, and what it says of itself. */
  async serve({
    kind = "net",
    host = "::",
    toa = "lvs",
    policy = FROM_BALANCER,
    prefix,
    ...more
  }: Serving = {}): Promise<{ readonly server: Conversation; readonly status: ServerStatus }> {
    const tls = { key: readFileSync(this.#certificate.keyFile, "utf8"), cert: this.#certificate.text };
    const options = { kind, host, port: BED.port, toa, policy, tls, ...more };
    const server = startScript(this.bed.server, SERVED, options, prefix);
    onTestFinished(server.stop);
    return { server, status: (await server.next()) as ServerStatus };
  }

  /** Stamps until the test ends, or until the answer is called. */
  async stamp(
    packets: StampedPackets,
    what: Stamp,
    where: Namespace = this.bed.balancer,
  ): Promise<() => Promise<void>> {
    const stop = await startStamper(where, this.#stamper.path, packets, what);
    onTestFinished(stop);
    return stop;
  }

  /** `count` connections, each from an address of its own. */
  async visit(
    family: 4 | 6,
    count: number,
    more: object = {},
    failures: "none" | "may fail" = "none",
  ): Promise<readonly [Visit, ...Visit[]]> {
    const addresses = Array.from({ length: count }, (_, index) =>
      family === 4 ? `203.0.113.${1 + (index % 250)}` : `2001:db8:7::${(1 + index).toString(16)}`,
    );
    const options = { kind: "net", host: BED.front[family], port: BED.port, addresses, ...more };
    const visitor = startScript(this.bed.client, VISITS, options);
    const visits = (await visitor.next()) as readonly [Visit, ...Visit[]];
    await visitor.stop();
    const failed = failures === "none" ? visits.filter((each) => each.failed !== undefined) : [];
    if (failed.length > 0 || visits.length !== count) {
      throw new Error(`of ${count} visits ${visits.length} came back, and these failed: ${JSON.stringify(failed)}`);
    }
    return visits;
  }
}

/** Visits that were told another client than themselves. */
export function confusions(visits: readonly Visit[]): readonly object[] {
  return visits.filter(({ own, said }) => own.address !== said.client?.address || own.port !== said.client.port);
}

export function first([visit]: readonly [Visit, ...Visit[]]): Said {
  return visit.said;
}
