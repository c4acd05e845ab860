import type { Tlv } from "../../evidence/claim.ts";
import { copyBytes, readShort, readWord } from "../../address/bytes.ts";
import { SSL_HEAD_BYTES, TLV_ALPN, TLV_AUTHORITY, TLV_NETNS, TLV_SSL, TLV_UNIQUE_ID } from "./tlv.ts";

/** Whose numbers the types 0xE0 to 0xEF are: they are not unique (specification, 2.2.7). */
export type TlvVendor = "aws" | "azure" | "gcp";

/** The client's TLS connection to the proxy, as the proxy saw it (specification, 2.2.6). */
export interface ProxySsl {
  readonly isTls: boolean;
  /** Whether the client showed a certificate on this connection, and on any of its TLS session. */
  readonly certificateOnConnection: boolean;
  readonly certificateInSession: boolean;
  /** Whether a certificate was shown, on this connection or in its TLS session, and the proxy accepted it (specification, 2.2.6). */
  readonly isVerified: boolean;
  readonly version: string | undefined;
  readonly commonName: string | undefined;
  readonly cipher: string | undefined;
  readonly signatureAlgorithm: string | undefined;
  readonly keyAlgorithm: string | undefined;
  readonly group: string | undefined;
  readonly signatureScheme: string | undefined;
  /** DER. */
  readonly certificate: Uint8Array | undefined;
}

/** The fields of a header that are understood; each absent where it was not sent, or is not well-formed. */
export interface ProxyDetails {
  /** Bytes, because a protocol's name is any bytes (RFC 7301, 3.1); mostly "h2" or "http/1.1". */
  readonly alpn: Uint8Array | undefined;
  /** The name that the client asked for (SNI). */
  readonly authority: string | undefined;
  readonly uniqueId: Uint8Array | undefined;
  readonly ssl: ProxySsl | undefined;
  readonly networkNamespace: string | undefined;
  /** "vpce-...": 0xEA, subtype 1. */
  readonly awsVpcEndpointId: string | undefined;
  /** 0xEE, subtype 1, in Intel's byte order. */
  readonly azureLinkId: number | undefined;
  /** 0xE0: Private Service Connect. */
  readonly gcpPscConnectionId: bigint | undefined;
}

const AWS_VPC_ENDPOINT = 0xea;
const AZURE_LINK_ID = 0xee;
const GCP_PSC_CONNECTION_ID = 0xe0;
const SUBTYPE = 1;
/** PP2_CLIENT_CERT_CONN and PP2_CLIENT_CERT_SESS. Without either nothing was verified, and the result is 0 as if it had succeeded. */
const SHOWN = 2 | 4;

/** Reads the fields of a claim's `tlvs`. Of a type that was sent twice the first counts. `vendor` says whose numbers the custom types are; without it they are not read. */
export function readProxyDetails(tlvs: readonly Tlv[] = [], vendor?: TlvVendor): ProxyDetails {
  const value = (type: number): Uint8Array | undefined => tlvs.find((tlv) => tlv.type === type)?.value;
  const custom = (owner: TlvVendor, type: number): Uint8Array | undefined =>
    owner === vendor ? value(type) : undefined;
  const aws = custom("aws", AWS_VPC_ENDPOINT);
  const azure = custom("azure", AZURE_LINK_ID);
  const gcp = custom("gcp", GCP_PSC_CONNECTION_ID);
  return {
    alpn: value(TLV_ALPN),
    authority: text(value(TLV_AUTHORITY)),
    uniqueId: value(TLV_UNIQUE_ID),
    ssl: readSsl(value(TLV_SSL)),
    networkNamespace: text(value(TLV_NETNS)),
    awsVpcEndpointId: aws?.[0] === SUBTYPE ? text(aws.subarray(1)) : undefined,
    azureLinkId:
      azure?.length === 5 && azure[0] === SUBTYPE
        ? new DataView(azure.buffer, azure.byteOffset).getUint32(1, true)
        : undefined,
    gcpPscConnectionId: gcp?.length === 8 ? new DataView(gcp.buffer, gcp.byteOffset).getBigUint64(0) : undefined,
  };
}

function readSsl(bytes: Uint8Array | undefined): ProxySsl | undefined {
  if (bytes === undefined || bytes.length < SSL_HEAD_BYTES) return undefined;
  const fields = new Map<number, Uint8Array>();
  for (let at = SSL_HEAD_BYTES; at < bytes.length;) {
    if (bytes.length - at < 3) return undefined;
    const end = at + 3 + readShort(bytes, at + 1);
    if (end > bytes.length) return undefined;
    fields.set(bytes[at] as number, copyBytes(bytes, at + 3, end));
    at = end;
  }
  const flags = bytes[0] as number;
  return {
    isTls: (flags & 1) !== 0,
    certificateOnConnection: (flags & 2) !== 0,
    certificateInSession: (flags & 4) !== 0,
    isVerified: (flags & SHOWN) !== 0 && readWord(bytes, 1) === 0,
    version: text(fields.get(0x21)),
    commonName: text(fields.get(0x22)),
    cipher: text(fields.get(0x23)),
    signatureAlgorithm: text(fields.get(0x24)),
    keyAlgorithm: text(fields.get(0x25)),
    group: text(fields.get(0x26)),
    signatureScheme: text(fields.get(0x27)),
    certificate: fields.get(0x28),
  };
}

/** UTF-8, or undefined where it is none. */
function text(bytes: Uint8Array | undefined): string | undefined {
  if (bytes === undefined) return undefined;
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
