import { FlowTable } from "./flow-table.ts";

/** What Simple Proxy Protocol wants before every reply: the header that came with the client's last datagram. */
export class ReplyHeaders {
  readonly #headers: FlowTable<Uint8Array>;
  /** Replies to a balancer's port from which no header had come lately, and which went out without one. */
  missing = 0;

  constructor(limit: number | undefined, idleMs: number | undefined) {
    this.#headers = new FlowTable(limit, idleMs);
  }

  keep(address: string, port: number, header: Uint8Array, now: number): void {
    this.#headers.keep(`${address} ${port}`, new Uint8Array(header), now);
  }

  find(address: string | undefined, port: number, now: number): Uint8Array | undefined {
    const header = address === undefined ? undefined : this.#headers.find(`${address} ${port}`, now)?.value;
    if (header === undefined) this.missing++;
    return header;
  }
}
