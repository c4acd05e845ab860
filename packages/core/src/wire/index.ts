export { parseTcpPacket, type TcpPacket, tcpSource } from "./tcp-packet.ts";
export {
  parseToaLookup,
  parseToaOptions,
  TOA_OPTIONS_LIMIT_BYTES,
  type ToaFault,
  type ToaReading,
  type ToaWarning,
} from "./toa.ts";
export { TOA_LAYOUTS, type ToaFields, type ToaLayout } from "./toa-layouts.ts";
export { compileToaProduct, type CustomToa } from "./toa-product.ts";
export { parseToaRecord, TOA_RECORD_BYTES, type ToaRecord } from "./toa-record.ts";
export { TOA_PRODUCTS, type ToaOption, type ToaPacket, type ToaProduct, type ToaProductName } from "./toa-products.ts";
export { readProxyDetails, type ProxyDetails, type ProxySsl, type TlvVendor } from "./proxy-details.ts";
export { encodeProxyV1, encodeProxyV2, type ProxyHeader, type ProxyV2Header } from "./proxy-encoder.ts";
export {
  PROXY_HEADER_LIMIT_BYTES,
  type ProxyFault,
  type ProxyHeaderOptions,
  type ProxyReading,
  readProxyDatagram,
  readProxyHeaders,
} from "./proxy-header.ts";
export { parseProxyV2, type ProxyV2Fault } from "./proxy-v2.ts";
export { addressText } from "./address-bytes.ts";
export { parseSpp, SPP_BYTES, type SppFault } from "./spp.ts";
export { parseUdpOptions, type UdpOptionFault } from "./udp-option.ts";
export {
  compileUdpProduct,
  type CustomUdpOption,
  UDP_PRODUCTS,
  type UdpOption,
  type UdpOptionPlace,
  type UdpProduct,
  type UdpProductName,
} from "./udp-products.ts";
export {
  parseUoaLookup,
  UOA_LOOKUP_BYTES,
  UOA_LOOKUP_NAME,
  UOA_LOOKUP_OLD_BYTES,
  writeUoaLookup,
} from "./uoa-lookup.ts";
