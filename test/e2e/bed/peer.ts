import { once } from "node:events";
import { createInterface } from "node:readline";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { BED } from "./bed.ts";
import { compileProgram } from "./compiled-program.ts";
import type { Namespace } from "./namespace.ts";
import type { Said } from "./toa-site.ts";

/** Flags of TCP's header (RFC 9293, 3.1). */
export const FLAGS = { syn: 2, rst: 4, ack: 16, pushAck: 24 } as const;

/** A segment to send, to the bed's server; hexadecimal options and payload. */
export interface Segment {
  readonly port: number;
  readonly flags: number;
  readonly sequence: number;
  readonly acknowledgement?: number;
  readonly options?: string;
  readonly payload?: string;
  readonly checksum?: "good" | "bad";
  /** Sent so often. */
  readonly count?: number;
}

interface Arrival {
  readonly flags: number;
  readonly sequence: number;
  readonly acknowledgement: number;
  readonly payload: string;
}

/** What it says first, and how long an answer may take, in milliseconds. */
const HELLO = "hello\n";
const PATIENCE_MS = 3000;

/** The balancer's machine without its TCP: whoever has one chooses every number of every segment. */
export class Peer {
  readonly stop: () => Promise<void>;
  readonly #write: (line: string) => void;
  readonly #arrivals = new Map<number, Arrival[]>();

  private constructor(write: (line: string) => void, lines: AsyncIterable<string>, stop: () => Promise<void>) {
    this.#write = write;
    this.stop = stop;
    void this.#listen(lines);
  }

  /** On the balancer's machine, from its inner address. `stop` it. */
  static async start(balancer: Namespace): Promise<Peer> {
    const program = compileProgram(join(import.meta.dirname, "peer.c"));
    const rule = "OUTPUT -p tcp --tcp-flags RST RST -m mark ! --mark 7 -j DROP";
    balancer.run(`iptables -w -A ${rule}`);
    const child = balancer.spawn(program.path, [BED.balancer[4], BED.server[4], `${BED.port}`], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    const ended = once(child, "close");
    if (child.stdin === null || child.stdout === null) throw new Error("the peer has no input or output");
    const { stdin } = child;
    const lines = createInterface({ input: child.stdout });
    await once(lines, "line");
    return new Peer(
      (line) => stdin.write(line),
      lines,
      async () => {
        stdin.end();
        await ended;
        program.remove();
        balancer.run(`iptables -w -D ${rule}`);
      },
    );
  }

  send({ count = 1, port, flags, sequence, acknowledgement = 0, ...more }: Segment): void {
    const { options = "-", payload = "-", checksum = "good" } = more;
    const numbers = [count, port, flags, sequence >>> 0, acknowledgement >>> 0];
    this.#write(`${[...numbers, options, payload, checksum].join(" ")}\n`);
  }

  /** The SYN-ACK that answers a SYN of this number: its own number. */
  async synAck(port: number, isn: number): Promise<number> {
    const arrival = await this.#await(port, (each) => each.flags === 18 && each.acknowledgement === (isn + 1) >>> 0);
    return arrival.sequence;
  }

  /** The handshake up to the SYN-ACK: the server's number. What came to this port before is forgotten. */
  begin(port: number, isn: number, options?: string): Promise<number> {
    this.#arrivals.delete(port);
    this.send({ port, flags: FLAGS.syn, sequence: isn, ...(options === undefined ? {} : { options }) });
    return this.synAck(port, isn);
  }

  /** The ACK behind `begin`. */
  complete(port: number, isn: number, ours: number, options?: string): void {
    const more = options === undefined ? {} : { options };
    this.send({ port, flags: FLAGS.ack, sequence: isn + 1, acknowledgement: ours + 1, ...more });
  }

  /** Sends the first data, and answers what the server said of us; resets the connection. */
  async ask(port: number, isn: number, ours: number, options?: string): Promise<Said> {
    const more = options === undefined ? {} : { options };
    const numbers = { port, sequence: isn + 1, acknowledgement: ours + 1 };
    this.send({ ...numbers, flags: FLAGS.pushAck, payload: Buffer.from(HELLO).toString("hex"), ...more });
    const { payload } = await this.#await(
      port,
      (each) => each.payload.length > 0 && each.sequence === (ours + 1) >>> 0,
    );
    this.send({ ...numbers, flags: FLAGS.rst, sequence: isn + 1 + HELLO.length });
    return JSON.parse(Buffer.from(payload, "hex").toString()) as Said;
  }

  async #listen(lines: AsyncIterable<string>): Promise<void> {
    for await (const line of lines) {
      const [port = 0, flags = 0, sequence = 0, acknowledgement = 0] = line.split(" ").map(Number);
      const payload = line.slice(line.lastIndexOf(" ") + 1, -1);
      const known = this.#arrivals.get(port) ?? [];
      this.#arrivals.set(port, [...known, { flags, sequence, acknowledgement, payload }]);
    }
  }

  async #await(port: number, isIt: (arrival: Arrival) => boolean): Promise<Arrival> {
    for (const end = performance.now() + PATIENCE_MS; performance.now() < end;) {
      const arrival = this.#arrivals.get(port)?.find(isIt);
      if (arrival !== undefined) return arrival;
      await sleep(1);
    }
    throw new Error(`nothing of the kind came to port ${port}: ${JSON.stringify(this.#arrivals.get(port))}`);
  }
}
