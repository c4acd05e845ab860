import type { Server } from "node:net";
import { type Connection, formatEndpoint } from "@wherefrom/core";
import { currentPolicy, HOST_TCP_KINDS, isClaimant } from "@wherefrom/core/internal";
import { TOA_LAYOUTS, TOA_PRODUCTS, type ToaPacket, type ToaProduct } from "@wherefrom/core/wire";
import { type Kept, POLICY } from "../connection/kept.ts";
import { isQuiet, tellOnce } from "../connection/notice.ts";
import type { ToaSight } from "./testimony.ts";

/** An option that hosts do not send of themselves, and that does not count: another product's, or in a packet into which this product does not write. */
export interface ForeignOption {
  readonly kind: number;
  /** Of the whole option, in bytes. */
  readonly length: number;
  readonly packet: ToaPacket;
}

const CODE = "toa-product-differs";

/** The words for each packet. */
const PACKETS: Readonly<Record<ToaPacket, string>> = {
  syn: "the SYN",
  ack: "the handshake's last packet",
  data: "the first data",
};

/** The first such option of a connection in which nothing of the product's was found. */
export function foreignOption(sights: readonly ToaSight[]): ForeignOption | undefined {
  for (const { packet, bytes, from, to } of sights) {
    for (let at = from; at < to && bytes[at] !== 0;) {
      const kind = bytes[at] as number;
      const length = kind === 1 ? 1 : (bytes[at + 1] ?? 0);
      if (length < (kind === 1 ? 1 : 2) || at + length > to) break;
      if (!HOST_TCP_KINDS.includes(kind)) return { kind, length, packet };
      at += length;
    }
  }
  return undefined;
}

/** Warns once for each server, where the policy believes the peer about TOA: the balancer is of another product than the server was told. */
export function tellForeignOption(
  server: Server & Kept,
  connection: Connection,
  product: ToaProduct,
  { kind, length, packet }: ForeignOption,
): void {
  const given = server[POLICY];
  if (given === undefined || isQuiet(server, CODE) || !isClaimant(currentPolicy(given), connection, "toa")) return;
  const expected = product.options.map((option) => `${option.kind} (${TOA_LAYOUTS[option.layout].lengthBytes} bytes)`);
  const where = product.packets.map((each) => PACKETS[each]).join(" or ");
  const names = productsWith(kind, length, packet);
  const cure =
    names.length === 0
      ? "describe the option: toa: { kind, length, layout, packets }"
      : `if the balancer is one of these, write ${names.map((name) => `toa: "${name}"`).join(" or ")}`;
  const from = formatEndpoint({ address: connection.peer ?? "unknown", port: connection.peerPort });
  tellOnce(server, {
    code: CODE,
    detail: `a connection from ${from}, which the policy believes about TOA, has an option of kind ${kind} (${length} bytes) in ${PACKETS[packet]}; ${product.name} writes kind ${expected.join(" or ")} into ${where}: ${cure}. Its client is unknown`,
  });
}

/** Products that write such an option into such a packet. */
function productsWith(kind: number, length: number, packet: ToaPacket): readonly string[] {
  return Object.entries(TOA_PRODUCTS)
    .filter(([, { options, packets }]) => {
      const isWritten = options.some(
        (option) =>
          option.kind === kind &&
          TOA_LAYOUTS[option.layout].address !== undefined &&
          TOA_LAYOUTS[option.layout].lengthBytes === length,
      );
      return isWritten && packets.includes(packet);
    })
    .map(([name]) => name);
}
