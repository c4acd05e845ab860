export { parseTcpPacket, type TcpPacket, tcpSource } from "./tcp-packet.ts";
export {
  parseToaLookup,
  parseToaOptions,
  TOA_OPTIONS_LIMIT_BYTES,
  type ToaFault,
  type ToaReading,
  type ToaWarning,
} from "./toa.ts";
export type { ToaLayout } from "./toa-layouts.ts";
export { compileToaProduct, type CustomToa } from "./toa-product.ts";
export { TOA_PRODUCTS, type ToaOption, type ToaPacket, type ToaProduct, type ToaProductName } from "./toa-products.ts";
