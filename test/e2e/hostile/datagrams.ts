import { createSocket as createPlainSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { type ConnectionMethod, type PolicyOptions, compilePolicy, type Resolution } from "@wherefrom/core";
import { encodeProxyV2 } from "@wherefrom/core/wire";
import { createSocket, getClientIp } from "@wherefrom/dgram";
import { drawAddress, rangesOf } from "./addresses.ts";
import { Dice } from "./dice.ts";
import { sppHeader } from "./packet.ts";
import { findProofFault } from "./judge.ts";

/** How a balancer for UDP tells the client, and how often. */
export const DATAGRAM_FORMATS = ["spp", "proxy-v2", "first-of-flow", "none"] as const;
type Format = (typeof DATAGRAM_FORMATS)[number];

/** Waits for what may have been lost, in milliseconds: no measure. */
const PATIENCE_MS = 2000;
/** Bytes at the end of each payload by which it is known again. */
const ID_LENGTH = 8;

interface Datagram {
  readonly client: string;
  readonly payload: Buffer;
  /** What the balancer put before it. */
  readonly header: Buffer;
}

/** A socket behind a balancer, and clients who write headers of their own. */
export class DatagramSite {
  readonly format: Format;
  seen = 0;
  answered = 0;
  fault: string | undefined;
  readonly #dice: Dice;
  readonly #balancer: string;
  readonly #isBatched: boolean;
  readonly #socket: ReturnType<typeof createSocket>;
  readonly #waiting = new Map<string, Datagram>();
  #ids = 0;

  constructor(seed: number, format: Format) {
    this.#dice = new Dice(seed);
    this.format = format;
    this.#balancer = drawAddress(this.#dice, "proxy", true);
    // Formats in the payload are taken off it, which a batch in place does not do.
    this.#isBatched = format === "none" && this.#dice.oneIn(2);
    const udp =
      format === "none"
        ? {}
        : { udp: format === "first-of-flow" ? ({ format: "proxy-v2", sends: format } as const) : format };
    this.#socket = createSocket({ type: "udp4", ...udp }, compilePolicy(this.#policy()));
  }

  #policy(): PolicyOptions {
    const from: ConnectionMethod = this.format === "spp" ? "spp" : "proxy-protocol";
    return this.format === "none"
      ? { trust: [] }
      : { trust: this.#dice.oneIn(2) ? [this.#balancer] : [...rangesOf("proxy")], from };
  }

  async open(): Promise<void> {
    this.#socket.on("message", (payload: Buffer, info: Parameters<typeof getClientIp>[0] & { client?: Resolution }) => {
      if (!this.#isBatched) this.#see(payload, getClientIp(info), info.client);
    });
    this.#socket.bind(0, "127.0.0.1");
    await once(this.#socket as unknown as Socket, "listening");
    if (!this.#isBatched) return;
    this.#socket.receiveBatches((batch) => {
      for (let index = 0; index < batch.length; index++)
        this.#see(batch.payload(index), batch.clientIp(index), undefined);
    });
  }

  async close(): Promise<void> {
    const closed = once(this.#socket as unknown as Socket, "close");
    this.#socket.close();
    await closed;
  }

  /** One flow: datagrams of one client from one port, through the balancer or round it. */
  async visit(): Promise<void> {
    const dice = this.#dice;
    const isDirect = this.format === "none" || dice.oneIn(4);
    const client = drawAddress(dice, "client", isDirect);
    const sender = createPlainSocket("udp4");
    sender.bind(0, isDirect ? client : this.#balancer);
    await once(sender, "listening");
    const datagrams = dice.times(dice.between(1, 12), (index) => this.#draw(client, isDirect, index));
    const ids = datagrams.map((datagram) => this.#expect(datagram));
    const { port } = (this.#socket as unknown as Socket).address() as AddressInfo;
    for (const { header, payload } of datagrams) sender.send(Buffer.concat([header, payload]), port, "127.0.0.1");
    const until = performance.now() + PATIENCE_MS;
    while (ids.some((id) => this.#waiting.has(id)) && performance.now() < until)
      await new Promise((resolve) => setTimeout(resolve, 1));
    for (const id of ids) this.#waiting.delete(id);
    sender.close();
  }

  #expect(datagram: Datagram): string {
    const id = `${++this.#ids}`.padStart(ID_LENGTH, "0");
    datagram.payload.write(id, datagram.payload.length - ID_LENGTH, "latin1");
    this.#waiting.set(id, datagram);
    return id;
  }

  #draw(client: string, isDirect: boolean, index: number): Datagram {
    const dice = this.#dice;
    const forged = dice.oneIn(2)
      ? this.#header(drawAddress(dice, "victim", true))
      : Buffer.from(dice.pick(["", "56ec", "0d0a0d0a000d0a515549540a", "00"]), "hex");
    const payload = Buffer.concat([forged, Buffer.alloc(ID_LENGTH)]);
    const isTold = !isDirect && (this.format !== "first-of-flow" || index === 0);
    return { client, payload, header: isTold ? this.#header(client) : Buffer.alloc(0) };
  }

  #header(address: string): Buffer {
    const source = { address, port: this.#dice.between(1, 65_535) };
    const isSpp = this.format === "spp" || (this.format === "none" && this.#dice.oneIn(2));
    return Buffer.from(
      isSpp
        ? sppHeader(source)
        : encodeProxyV2({
            source,
            destination: { address: address.includes(":") ? "fd00::80" : "10.0.0.80", port: 53 },
            transport: "datagram",
          }),
    );
  }

  #see(payload: Buffer, ip: string | undefined, resolution: Resolution | undefined): void {
    const id = payload.toString("latin1", payload.length - ID_LENGTH);
    const datagram = this.#waiting.get(id);
    if (datagram === undefined) return;
    this.#waiting.delete(id);
    this.seen++;
    if (ip !== undefined) this.answered++;
    const { client, header } = datagram;
    const fault =
      resolution === undefined
        ? undefined
        : (findProofFault(resolution) ??
          (resolution.client?.address === ip
            ? undefined
            : `getClientIp says ${ip}, the Resolution ${resolution.client?.address}`));
    if (fault === undefined && (ip === undefined || ip === client)) return;
    this.fault ??= `${fault ?? `the client is ${ip}, and in truth ${client}`} (${this.format}, batches: ${this.#isBatched}, balancer ${this.#balancer}; header ${header.toString("hex")}, payload ${datagram.payload.toString("hex")})`;
  }
}
