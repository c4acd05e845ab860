import { found, readAddress } from "../address-reader.ts";
import { foundText } from "../address-text.ts";
import type { Tlv } from "../claim.ts";
import type { Endpoint } from "../endpoint.ts";
import { WherefromError } from "../errors.ts";
import { crc32c } from "./crc32c.ts";
import { PROXY_V2_SIGNATURE } from "./proxy-v2.ts";
import { PROXY_V2_HEAD_BYTES } from "./proxy-v2-claim.ts";
import { TLV_CRC32C } from "./proxy-tlv.ts";

/** What a header says: the client and what it connected to, or that the connection is the sender's own. */
export interface ProxyHeader {
  /** Both of one family (an IPv4 address is written as mapped beside an IPv6 one in version 2). Ports 0 to 65535; undefined is 0. */
  readonly source?: Endpoint | undefined;
  readonly destination?: Endpoint | undefined;
}

export interface ProxyV2Header extends ProxyHeader {
  readonly transport?: "stream" | "datagram" | undefined;
  readonly tlvs?: readonly Tlv[] | undefined;
  /** Adds a CRC32c. */
  readonly checksum?: boolean | undefined;
}

/** Longest value of a field, and longest body of a header: lengths have two bytes. */
const LENGTH_LIMIT = 0xffff;

/** A line of version 1 with its CRLF. Without a source: `PROXY UNKNOWN`. Throws `ERR_WHEREFROM_INVALID_PROXY_HEADER`. */
export function encodeProxyV1({ source, destination }: ProxyHeader): string {
  if (source === undefined || destination === undefined) return "PROXY UNKNOWN\r\n";
  const [from, to] = [readEndpoint(source), readEndpoint(destination)];
  if (from.family !== to.family) {
    throw invalid(`${from.text} and ${to.text} are of two families, and version 1 has no way to say so`);
  }
  return `PROXY TCP${from.family} ${from.text} ${to.text} ${from.port} ${to.port}\r\n`;
}

/** A header of version 2. Without a source: LOCAL, the sender's own connection. Throws `ERR_WHEREFROM_INVALID_PROXY_HEADER`. */
export function encodeProxyV2({
  source,
  destination,
  transport,
  tlvs = [],
  checksum = false,
}: ProxyV2Header): Uint8Array {
  const isLocal = source === undefined || destination === undefined;
  const addresses = isLocal ? [] : encodeAddresses(readEndpoint(source), readEndpoint(destination));
  const size = addresses.length === 0 ? 0 : addresses.length === 12 ? 0x10 : 0x20;
  const family = size === 0 ? 0 : size | (transport === "datagram" ? 2 : 1);
  const fields = tlvs.flatMap(({ type, value }) => {
    if (!Number.isInteger(type) || type < 0 || type > 0xff)
      throw invalid(`${JSON.stringify(type)} is no type of a field`);
    if (value.length > LENGTH_LIMIT) throw invalid(`a field of ${value.length} bytes is longer than ${LENGTH_LIMIT}`);
    return [type, value.length >> 8, value.length & 0xff, ...value];
  });
  if (checksum) fields.push(TLV_CRC32C, 0, 4, 0, 0, 0, 0);
  const length = addresses.length + fields.length;
  if (length > LENGTH_LIMIT) throw invalid(`a header of ${length} bytes is longer than ${LENGTH_LIMIT}`);
  const head = [...PROXY_V2_SIGNATURE, isLocal ? 0x20 : 0x21, family, length >> 8, length & 0xff];
  const bytes = Uint8Array.from([...head, ...addresses, ...fields]);
  if (checksum) {
    const at = PROXY_V2_HEAD_BYTES + length - 4;
    new DataView(bytes.buffer).setUint32(at, crc32c(bytes, 0, bytes.length, at));
  }
  return bytes;
}

interface ReadEndpoint {
  readonly family: 4 | 6;
  readonly words: readonly number[];
  readonly text: string;
  readonly port: number;
}

function readEndpoint({ address, port = 0 }: Endpoint): ReadEndpoint {
  if (!readAddress(address, 0, address.length) || found.zone >= 0) {
    throw invalid(`${JSON.stringify(address)} is no address that a header can carry`);
  }
  if (!Number.isInteger(port) || port < 0 || port > 0xffff) throw invalid(`${JSON.stringify(port)} is no port`);
  const { family, w0, w1, w2, w3 } = found;
  return { family, words: family === 4 ? [w0] : [w0, w1, w2, w3], text: foundText(address), port };
}

function encodeAddresses(source: ReadEndpoint, destination: ReadEndpoint): readonly number[] {
  const isMixed = source.family !== destination.family;
  const words = [source, destination].flatMap((each) =>
    isMixed && each.family === 4 ? [0, 0, 0xffff, ...each.words] : each.words,
  );
  const ports = [source.port, destination.port].flatMap((port) => [port >> 8, port & 0xff]);
  return [...words.flatMap((word) => [24, 16, 8, 0].map((shift) => (word >>> shift) & 0xff)), ...ports];
}

function invalid(detail: string): WherefromError {
  return new WherefromError("ERR_WHEREFROM_INVALID_PROXY_HEADER", detail);
}
