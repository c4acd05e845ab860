import { invalidCarrier } from "../../options/errors.ts";
import { explainUnknownKey } from "../../options/keys.ts";
import { hintAt } from "../../options/spelling.ts";
import { TOA_LAYOUTS, type ToaFields, type ToaLayout } from "./layouts.ts";
import { TOA_PRODUCTS, type ToaPacket, type ToaProduct, type ToaProductName } from "./products.ts";
import { valueText } from "../../options/value-text.ts";

/** A balancer that is no known product: one option. */
export interface CustomToa {
  /** 2 to 255, and none that TCP itself uses. */
  readonly kind: number;
  /** Of the whole option in bytes, kind and length included: said twice, with the layout, because a wrong one would read strangers' bytes. */
  readonly length: number;
  readonly layout: ToaLayout;
  readonly packets: readonly ToaPacket[];
  /** Default "any". */
  readonly position?: "first" | "any";
  /** Whether the balancer removes an option of this kind that a client sent. Default false. */
  readonly strips?: boolean;
}

/** Kinds that hosts send of themselves (IANA's registry): MSS, window scale, SACK, timestamps, MD5, user timeout without a version, TCP-AO, MPTCP, Fast Open. */
export const HOST_TCP_KINDS: readonly number[] = [0, 1, 2, 3, 4, 5, 8, 19, 29, 30, 34];
const PACKETS: readonly string[] = ["syn", "ack", "data"] satisfies readonly ToaPacket[];
const KEYS = ["kind", "length", "layout", "packets", "position", "strips"];

/** The product of this name, or the described one. Throws `ERR_WHEREFROM_INVALID_CARRIER`. */
export function compileToaProduct(option: ToaProductName | CustomToa): ToaProduct {
  if (typeof option === "object" && option !== null) return compileCustom(option);
  if (typeof option === "string" && Object.hasOwn(TOA_PRODUCTS, option))
    return { name: option, ...TOA_PRODUCTS[option] };
  throw invalidCarrier(`${valueText(option)} is not a TOA product; ${hintAt(option, Object.keys(TOA_PRODUCTS))}`);
}

function compileCustom(option: CustomToa): ToaProduct {
  const { kind, length, layout, packets, position = "any", strips = false } = option;
  const fault = explainUnknownKey(option, KEYS);
  if (fault !== undefined) throw invalidCarrier(fault);
  if (!Number.isInteger(kind) || kind < 0 || kind > 255 || HOST_TCP_KINDS.includes(kind)) {
    throw invalidCarrier(`${valueText(kind)} is not a kind of TCP option that a balancer may use`);
  }
  const fields: ToaFields | undefined =
    typeof layout === "string" && Object.hasOwn(TOA_LAYOUTS, layout) ? TOA_LAYOUTS[layout] : undefined;
  if (fields?.address === undefined) {
    throw invalidCarrier(`${valueText(layout)} is not a layout with a client's address; "${LAYOUTS.join('", "')}" are`);
  }
  const open = layout === "host-id";
  if (
    !Number.isInteger(length) ||
    (open ? length < fields.lengthBytes || length > 40 : length !== fields.lengthBytes)
  ) {
    const bytes = open ? `${fields.lengthBytes} to 40` : fields.lengthBytes;
    throw invalidCarrier(`an option of layout "${layout}" has ${bytes} bytes, not ${valueText(length)}`);
  }
  if (!Array.isArray(packets) || packets.length === 0 || !packets.every((packet) => PACKETS.includes(packet))) {
    throw invalidCarrier(`packets is a list of "${PACKETS.join('", "')}", not ${listText(packets)}`);
  }
  if (position !== "any" && position !== "first") {
    throw invalidCarrier(`position is "first" or "any", not ${valueText(position)}`);
  }
  if (typeof strips !== "boolean") throw invalidCarrier(`strips is true or false, not ${valueText(strips)}`);
  return {
    name: `custom ${kind}/${length}`,
    options: [{ kind, layout, ...(open ? { open } : {}) }],
    packets: [...packets],
    position,
    strips,
  };
}

const LAYOUTS = Object.entries(TOA_LAYOUTS)
  .filter(([, { address }]) => address !== undefined)
  .map(([name]) => name);

function listText(value: unknown): string {
  return Array.isArray(value) ? `[${value.map(valueText).join(",")}]` : valueText(value);
}
