import { FoundAddress } from "../../address/found.ts";
import { readAddress } from "../../address/reader.ts";
import { foundText } from "../../address/text.ts";
import type { Tlv } from "../../evidence/claim.ts";
import type { Endpoint } from "../../address/endpoint.ts";
import { invalidProxyHeader } from "../../options/errors.ts";
import { checkOptions } from "../../options/check.ts";
import { anyText, flag, listOf, objectOf, oneOf, required, type Shape, type Shapes } from "../../options/shape.ts";
import { crc32c } from "./crc32c.ts";
import { PROXY_V2_SIGNATURE } from "./v2.ts";
import { PROXY_V2_HEAD_BYTES } from "./v2-claim.ts";
import { TLV_CRC32C, TLV_UNIQUE_ID, UNIQUE_ID_LIMIT_BYTES } from "./tlv.ts";
import { valueText } from "../../options/value-text.ts";

/** What a header says: the client and what it connected to, or that the connection is the sender's own. */
export interface ProxyHeader {
  /** Both of one family (an IPv4 address is written as mapped beside an IPv6 one in version 2). Ports 0 to 65535; undefined is 0. */
  readonly source?: Endpoint | undefined;
  /** What the client connected to. */
  readonly destination?: Endpoint | undefined;
}

/** A header of version 2. Without `source` it is LOCAL. */
export interface ProxyV2Header extends ProxyHeader {
  /** Default "stream". */
  readonly transport?: "stream" | "datagram" | undefined;
  /** Fields behind the addresses. Default: none. */
  readonly tlvs?: readonly Tlv[] | undefined;
  /** Adds a CRC32c. */
  readonly checksum?: boolean | undefined;
}

/** Longest value of a field, and longest body of a header: lengths have two bytes. */
const LENGTH_LIMIT = 0xffff;

const found = new FoundAddress();

const FAULT = "ERR_WHEREFROM_INVALID_PROXY_HEADER";
/** In what range is told with the header's own words. */
const NUMBER: Shape = { expected: "a number", fits: (value) => typeof value === "number" };
const ENDPOINT = objectOf({ address: required(anyText), port: NUMBER });
const BYTES: Shape = { expected: "a Uint8Array", fits: (value) => value instanceof Uint8Array };
const V1_SHAPES: Shapes<ProxyHeader> = { source: ENDPOINT, destination: ENDPOINT };
const V2_SHAPES: Shapes<ProxyV2Header> = {
  ...V1_SHAPES,
  transport: oneOf("stream", "datagram"),
  tlvs: listOf(objectOf({ type: required(NUMBER), value: required(BYTES) })),
  checksum: flag,
};

/** A line of version 1 with its CRLF. Without a source: `PROXY UNKNOWN`. Throws `ERR_WHEREFROM_INVALID_PROXY_HEADER`. */
export function encodeProxyV1(header: ProxyHeader): string {
  checkOptions<ProxyHeader>("encodeProxyV1", header, V1_SHAPES, FAULT);
  const { source, destination } = header;
  if (source === undefined || destination === undefined) return "PROXY UNKNOWN\r\n";
  const [from, to] = [readEndpoint(source), readEndpoint(destination)];
  if (from.family !== to.family) {
    throw invalidProxyHeader(`${from.text} and ${to.text} are of two families, and version 1 has no way to say so`);
  }
  return `PROXY TCP${from.family} ${from.text} ${to.text} ${from.port} ${to.port}\r\n`;
}

/** A header of version 2. Without a source: LOCAL, the sender's own connection. Throws `ERR_WHEREFROM_INVALID_PROXY_HEADER`. */
export function encodeProxyV2(header: ProxyV2Header): Uint8Array {
  checkOptions<ProxyV2Header>("encodeProxyV2", header, V2_SHAPES, FAULT);
  const { source, destination, transport, tlvs = [], checksum = false } = header;
  const isLocal = source === undefined || destination === undefined;
  const addresses = isLocal ? [] : encodeAddresses(readEndpoint(source), readEndpoint(destination));
  const size = addresses.length === 0 ? 0 : addresses.length === 12 ? 0x10 : 0x20;
  const family = size === 0 ? 0 : size | (transport === "datagram" ? 2 : 1);
  const fields = tlvs.flatMap(({ type, value }) => {
    if (!Number.isInteger(type) || type < 0 || type > 0xff)
      throw invalidProxyHeader(`${valueText(type)} is not a field type`);
    if (value.length > LENGTH_LIMIT)
      throw invalidProxyHeader(`a field of ${value.length} bytes is longer than ${LENGTH_LIMIT}`);
    if (type === TLV_CRC32C) throw invalidProxyHeader(`a CRC32c is counted here: write checksum: true`);
    if (type === TLV_UNIQUE_ID && value.length > UNIQUE_ID_LIMIT_BYTES)
      throw invalidProxyHeader(`a unique id of ${value.length} bytes is longer than ${UNIQUE_ID_LIMIT_BYTES}`);
    return [type, value.length >> 8, value.length & 0xff, ...value];
  });
  if (checksum) fields.push(TLV_CRC32C, 0, 4, 0, 0, 0, 0);
  const length = addresses.length + fields.length;
  if (length > LENGTH_LIMIT) throw invalidProxyHeader(`a header of ${length} bytes is longer than ${LENGTH_LIMIT}`);
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
  if (!readAddress(found, address, 0, address.length) || found.zone >= 0) {
    throw invalidProxyHeader(`${valueText(address)} is not an address that a header can carry`);
  }
  if (!Number.isInteger(port) || port < 0 || port > 0xffff)
    throw invalidProxyHeader(`${valueText(port)} is not a port`);
  const { family, w0, w1, w2, w3 } = found;
  return { family, words: family === 4 ? [w0] : [w0, w1, w2, w3], text: foundText(found, address), port };
}

function encodeAddresses(source: ReadEndpoint, destination: ReadEndpoint): readonly number[] {
  const isMixed = source.family !== destination.family;
  const words = [source, destination].flatMap((each) =>
    isMixed && each.family === 4 ? [0, 0, 0xffff, ...each.words] : each.words,
  );
  const ports = [source.port, destination.port].flatMap((port) => [port >> 8, port & 0xff]);
  return [...words.flatMap((word) => [24, 16, 8, 0].map((shift) => (word >>> shift) & 0xff)), ...ports];
}
