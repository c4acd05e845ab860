import { WherefromError } from "../errors.ts";
import { explainUnknownKey } from "../option-keys.ts";
import { nearestSpelling } from "../suggestion.ts";
import { TOA_LAYOUTS, type ToaFields, type ToaLayout } from "./toa-layouts.ts";
import { TOA_PRODUCTS, type ToaPacket, type ToaProduct, type ToaProductName } from "./toa-products.ts";

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
const TCP_KINDS: readonly number[] = [0, 1, 2, 3, 4, 5, 8, 19, 29, 30, 34];
const PACKETS: readonly string[] = ["syn", "ack", "data"] satisfies readonly ToaPacket[];
const KEYS = ["kind", "length", "layout", "packets", "position", "strips"];

/** The product of this name, or the described one. Throws `ERR_WHEREFROM_INVALID_CARRIER`. */
export function compileToaProduct(option: ToaProductName | CustomToa): ToaProduct {
  if (typeof option === "object" && option !== null) return compileCustom(option);
  if (typeof option === "string" && Object.hasOwn(TOA_PRODUCTS, option))
    return { name: option, ...TOA_PRODUCTS[option] };
  const near = typeof option === "string" ? nearestSpelling(option, Object.keys(TOA_PRODUCTS)) : undefined;
  const names = `"${Object.keys(TOA_PRODUCTS).join('", "')}" are`;
  throw invalid(
    `${JSON.stringify(option)} is no TOA product; ${near === undefined ? names : `did you mean "${near}"?`}`,
  );
}

function compileCustom(option: CustomToa): ToaProduct {
  const { kind, length, layout, packets, position = "any", strips = false } = option;
  const fault = explainUnknownKey(option, KEYS);
  if (fault !== undefined) throw invalid(fault);
  if (!Number.isInteger(kind) || kind < 0 || kind > 255 || TCP_KINDS.includes(kind)) {
    throw invalid(`${JSON.stringify(kind)} is no kind of TCP option that a balancer may use`);
  }
  const fields: ToaFields | undefined =
    typeof layout === "string" && Object.hasOwn(TOA_LAYOUTS, layout) ? TOA_LAYOUTS[layout] : undefined;
  if (fields?.address === undefined) {
    throw invalid(`${JSON.stringify(layout)} is no layout with a client's address; "${LAYOUTS.join('", "')}" are`);
  }
  const open = layout === "host-id";
  if (
    !Number.isInteger(length) ||
    (open ? length < fields.lengthBytes || length > 40 : length !== fields.lengthBytes)
  ) {
    const bytes = open ? `${fields.lengthBytes} to 40` : fields.lengthBytes;
    throw invalid(`an option of layout "${layout}" has ${bytes} bytes, not ${JSON.stringify(length)}`);
  }
  if (!Array.isArray(packets) || packets.length === 0 || !packets.every((packet) => PACKETS.includes(packet))) {
    throw invalid(`packets is a list of "${PACKETS.join('", "')}", not ${JSON.stringify(packets)}`);
  }
  if (position !== "any" && position !== "first") {
    throw invalid(`position is "first" or "any", not ${JSON.stringify(position)}`);
  }
  if (typeof strips !== "boolean") throw invalid(`strips is true or false, not ${JSON.stringify(strips)}`);
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

function invalid(detail: string): WherefromError {
  return new WherefromError("ERR_WHEREFROM_INVALID_CARRIER", detail);
}
