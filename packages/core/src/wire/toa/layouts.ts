/** Where the fields of an option stand, as offsets from its kind byte. All are in network order. */
export interface ToaFields {
  /** Of the whole option, kind and length bytes included. */
  readonly lengthBytes: number;
  /** IP version of the address. */
  readonly family: 4 | 6;
  /** The client's address; absent in an option that only accompanies one. */
  readonly address?: number;
  /** The client's port. */
  readonly port?: number;
  /** What the client connected to, of the same family. */
  readonly vip?: number;
  /** The port that the client connected to. */
  readonly vipPort?: number;
  /** The virtual network, and of how many bytes. */
  readonly vpcId?: { readonly at: number; readonly bytes: 3 | 4 };
  /** A byte that must be `VERSION`. Kind 28 is also RFC 5482's user timeout. */
  readonly version?: number;
  /** A 16-bit experiment identifier that must be `HOST_ID_EXID`, with an id up to the option's end. */
  readonly exId?: number;
}

export const VERSION = 1;
/** RFC 7974, 3.1. Kind 253 is shared by experiments, which tell themselves apart by it (RFC 6994). */
export const HOST_ID_EXID = 0x0348;

/** What stands behind kind and length: fields in their order. */
export type ToaLayout =
  | "port-ipv4"
  | "port-ipv6"
  | "version-ipv4"
  | "version-ipv6"
  | "port-ipv4-vip"
  | "port-ipv4-vpc-vip"
  | "port-ipv6-vpc-vip"
  | "host-id"
  | "vip-ipv4"
  | "vpc";

/** The fields of each layout. */
export const TOA_LAYOUTS: Readonly<Record<ToaLayout, ToaFields>> = {
  "port-ipv4": { lengthBytes: 8, family: 4, port: 2, address: 4 },
  "port-ipv6": { lengthBytes: 20, family: 6, port: 2, address: 4 },
  "version-ipv4": { lengthBytes: 7, family: 4, version: 2, address: 3 },
  "version-ipv6": { lengthBytes: 19, family: 6, version: 2, address: 3 },
  /** ByteDance: two bytes of padding before the VIP's port. */
  "port-ipv4-vip": { lengthBytes: 16, family: 4, port: 2, address: 4, vipPort: 10, vip: 12 },
  /** Alibaba's vtoa; two bytes of padding at the end. */
  "port-ipv4-vpc-vip": {
    lengthBytes: 20,
    family: 4,
    port: 2,
    address: 4,
    vpcId: { at: 8, bytes: 4 },
    vip: 12,
    vipPort: 16,
  },
  /** Alibaba's vtoa: fills the option space, and has no room for the VIP's port. */
  "port-ipv6-vpc-vip": { lengthBytes: 40, family: 6, port: 2, address: 4, vpcId: { at: 20, bytes: 3 }, vip: 24 },
  /** RFC 7974, with at least one byte of id. Four bytes are an IPv4 address and sixteen an IPv6 address; other lengths identify the client, but not by address. */
  "host-id": { lengthBytes: 5, family: 4, exId: 2, address: 4 },
  "vip-ipv4": { lengthBytes: 8, family: 4, vipPort: 2, vip: 4 },
  vpc: { lengthBytes: 6, family: 4, vpcId: { at: 2, bytes: 4 } },
};
