export { parseTcpPacket, type TcpPacket, tcpSource } from "./toa/tcp-packet.ts";
export { parseToaLookup, parseToaOptions, type ToaFault, type ToaReading, type ToaWarning } from "./toa/options.ts";
export { TOA_LAYOUTS, type ToaFields, type ToaLayout } from "./toa/layouts.ts";
export { compileToaProduct, type CustomToa } from "./toa/product.ts";
export { parseToaRecord, TOA_RECORD_BYTES, type ToaRecord } from "./toa/record.ts";
export { TOA_PRODUCTS, type ToaOption, type ToaPacket, type ToaProduct, type ToaProductName } from "./toa/products.ts";
export { readProxyDetails, type ProxyDetails, type ProxySsl, type TlvVendor } from "./proxy/details.ts";
export { encodeProxyV1, encodeProxyV2, type ProxyHeader, type ProxyV2Header } from "./proxy/encoder.ts";
export {
  PROXY_HEADER_LIMIT_BYTES,
  type ProxyFault,
  type ProxyHeaderOptions,
  type ProxyReading,
  readProxyDatagram,
  readProxyHeaders,
} from "./proxy/header.ts";
export { parseSpp, SPP_BYTES, type SppFault } from "./udp/spp.ts";
export { parseUdpOptions, type UdpOptionFault } from "./udp/option.ts";
export {
  compileUdpProduct,
  type CustomUdpOption,
  type UdpOption,
  type UdpOptionPlace,
  type UdpProduct,
  type UdpProductName,
} from "./udp/products.ts";
export {
  isUoaAnswer,
  parseUoaLookup,
  UOA_LOOKUP_BYTES,
  UOA_LOOKUP_NAME,
  UOA_LOOKUP_OLD_BYTES,
  writeUoaLookup,
} from "./udp/uoa-lookup.ts";
