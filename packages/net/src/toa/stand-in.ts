import type { Prefix } from "@wherefrom/core";
import { invalidCarrier } from "@wherefrom/core/internal";
import {
  compileToaProduct,
  type CustomToa,
  TOA_LAYOUTS,
  type ToaOption,
  type ToaProductName,
} from "@wherefrom/core/wire";
import {
  TOA_FORM_BYTES,
  TOA_FORWARDS,
  TOA_OPTION_BYTES,
  TOA_SENDS_FIRST,
  TOA_SENDS_IN_ACK,
  TOA_SENDS_IN_DATA,
  TOA_TRUST_BYTES,
} from "../connection/native-numbers.ts";

/** What the programs that stand in for a kernel module are told: native/addon/toa_record.h. */
export interface ToaStandIn {
  /** Bits of TOA_SENDS_IN_ACK, TOA_SENDS_IN_DATA, TOA_SENDS_FIRST, TOA_FORWARDS. */
  readonly settings: number;
  /** Elements of struct toa_trust. */
  readonly trust: Uint8Array;
  /** Elements of a key and a struct toa_form. */
  readonly forms: Uint8Array;
}

/** Throws `ERR_WHEREFROM_INVALID_CARRIER` for what is no product, and for one that the programs cannot read. */
export function compileStandIn(option: ToaProductName | CustomToa, prefixes: readonly Prefix[]): ToaStandIn {
  const { name, packets, position, strips, options } = compileToaProduct(option);
  if (!packets.includes("ack") && !packets.includes("data")) {
    throw invalidCarrier(
      `${JSON.stringify(name)} writes into SYNs alone, which nothing that stands in for a module sees`,
    );
  }
  if (options.some(({ layout }) => layout === "host-id")) {
    throw invalidCarrier(
      `${JSON.stringify(name)} may name clients without an address, for which getpeername has no room`,
    );
  }
  const settings =
    (packets.includes("ack") ? TOA_SENDS_IN_ACK : 0) |
    (packets.includes("data") ? TOA_SENDS_IN_DATA : 0) |
    (position === "first" ? TOA_SENDS_FIRST : 0) |
    (strips ? 0 : TOA_FORWARDS);
  return { settings, trust: concat(prefixes.map(trustOf)), forms: concat(options.flatMap(formsOf)) };
}

/** Numbers in host order, addresses in network order; IPv4 is mapped. */
function trustOf({ family, words, length }: Prefix): Uint8Array {
  const element = new Uint8Array(TOA_TRUST_BYTES);
  const view = new DataView(element.buffer);
  new Uint32Array(element.buffer, 0, 1)[0] = family === 4 ? 96 + length : length;
  const mapped = family === 4 ? [0, 0, 0xffff, words[0]] : words;
  for (const [index, word] of mapped.entries()) view.setUint32(4 + 4 * index, word);
  return element;
}

/** One for each length that the option may have; none for one that tells no client. */
function formsOf({ kind, layout, on, open }: ToaOption): Uint8Array[] {
  const { lengthBytes, family, address, port, version } = TOA_LAYOUTS[layout];
  if (address === undefined) return [];
  const lengths = open === undefined ? 1 : TOA_OPTION_BYTES - lengthBytes + 1;
  return Array.from({ length: lengths }, (_, more) => {
    const element = new Uint8Array(TOA_FORM_BYTES);
    new Uint32Array(element.buffer, 0, 1)[0] = (kind << 8) | (lengthBytes + more);
    element.set([address, family === 4 ? 4 : 16, port ?? 0, on ?? 0, version ?? 0], 4);
    return element;
  });
}

function concat(elements: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(elements.flatMap((element) => [...element]));
}
