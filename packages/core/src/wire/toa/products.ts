import type { ToaLayout } from "./layouts.ts";

/**
 * A packet of a connection from the balancer: "syn"; "ack", the one that completes the handshake; "data", a later one before the server has sent anything.
 * Where the bare ACK is lost, or TCP_DEFER_ACCEPT drops it, the first data completes the handshake, and counts as "ack".
 */
export type ToaPacket = "syn" | "ack" | "data";

/** One option of a product. */
export interface ToaOption {
  readonly kind: number;
  readonly layout: ToaLayout;
  /** IP version of the packets that carry it, where the balancer never puts it on the other. */
  readonly on?: 4 | 6;
  /** Opaque bytes may follow the layout's. */
  readonly open?: true;
  /** Counts only directly behind the client's option. */
  readonly adjacent?: true;
}

/** A balancer, by what it does to TCP options. */
export interface ToaProduct {
  readonly name: string;
  readonly options: readonly ToaOption[];
  /** Where it puts the option; no other packet is read. */
  readonly packets: readonly ToaPacket[];
  /** "first": directly behind the fixed header, and what stands elsewhere is not the balancer's. */
  readonly position: "first" | "any";
  /** Whether it removes such an option that a client has put there itself. False also where that is not documented. */
  readonly strips: boolean;
}

const IPV4: ToaOption = { kind: 254, layout: "port-ipv4" };
const IPV6_254: ToaOption = { kind: 254, layout: "port-ipv6" };
const IPV6_253: ToaOption = { kind: 253, layout: "port-ipv6" };
const IPV4_253: ToaOption = { kind: 253, layout: "port-ipv4" };
const IPV4_200: ToaOption = { kind: 200, layout: "port-ipv4" };
/** Until the server has sent its first data. */
const UNTIL_ANSWERED: readonly ToaPacket[] = ["ack", "data"];
const FROM_SYN: readonly ToaPacket[] = ["syn", "ack", "data"];
/** What a kernel module looks at: where nothing else is documented, it must be there. */
const COMPLETING: readonly ToaPacket[] = ["ack"];

/** A balancer whose options are known. */
export type ToaProductName =
  | "lvs"
  | "dpvs"
  | "dpvs-2022"
  | "tencent-clb"
  | "tencent-gaap"
  | "tencentos"
  | "alibaba-slb"
  | "alibaba-cdn"
  | "huawei-elb"
  | "bytedance"
  | "ucloud"
  | "ecloud"
  | "baidu"
  | "f5"
  | "rfc7974";

/**
 * What is known of each product; docs/reference/wire/toa.md names the sources. "lvs" is Alibaba's lvs_v2 fullnat, which forwards a client's own option.
 * "dpvs" is 1.9.7 and later, which strips it and leaves the SYN alone; "dpvs-2022" what was before.
 */
export const TOA_PRODUCTS: Readonly<Record<ToaProductName, Omit<ToaProduct, "name">>> = {
  lvs: {
    options: [
      { ...IPV4, on: 4 },
      { ...IPV6_253, on: 6 },
    ],
    packets: FROM_SYN,
    position: "first",
    strips: false,
  },
  dpvs: { options: [IPV4, IPV6_254], packets: UNTIL_ANSWERED, position: "first", strips: true },
  "dpvs-2022": { options: [IPV4, IPV6_254], packets: FROM_SYN, position: "first", strips: false },
  // IPv4 is the hybrid cloud's SNAT; 253 is NAT64, of which Tencent documents the kind, but not the layout.
  "tencent-clb": { options: [IPV4_200, IPV6_253], packets: COMPLETING, position: "any", strips: false },
  "tencent-gaap": { options: [IPV4_200], packets: COMPLETING, position: "any", strips: false },
  tencentos: {
    options: [IPV4_200, { kind: 201, layout: "vpc" }, { kind: 202, layout: "vip-ipv4" }],
    packets: COMPLETING,
    position: "any",
    strips: false,
  },
  "alibaba-slb": {
    options: [
      IPV4,
      IPV6_253,
      { kind: 250, layout: "vip-ipv4", adjacent: true },
      { kind: 252, layout: "port-ipv4-vpc-vip" },
      { kind: 249, layout: "port-ipv6-vpc-vip" },
    ],
    packets: COMPLETING,
    position: "any",
    strips: false,
  },
  "alibaba-cdn": {
    options: [{ kind: 28, layout: "version-ipv4" }, { kind: 28, layout: "version-ipv6" }, IPV4, IPV6_254],
    packets: ["syn"],
    position: "any",
    strips: false,
  },
  // Its module reads NAT64's option under kind 254 alone.
  "huawei-elb": {
    options: [IPV4, IPV6_254, { ...IPV6_253, on: 6 }],
    packets: COMPLETING,
    position: "any",
    strips: false,
  },
  bytedance: {
    options: [IPV4, IPV6_254, { kind: 254, layout: "port-ipv4-vip" }],
    packets: COMPLETING,
    position: "any",
    strips: false,
  },
  // Its module reads IPv4 under all three, and no IPv6.
  ucloud: { options: [IPV4_200, IPV4, IPV4_253], packets: COMPLETING, position: "any", strips: false },
  ecloud: { options: [IPV4_200], packets: COMPLETING, position: "any", strips: false },
  baidu: { options: [IPV4], packets: COMPLETING, position: "any", strips: false },
  f5: {
    options: [{ kind: 28, layout: "version-ipv4", open: true }],
    packets: FROM_SYN,
    position: "any",
    strips: false,
  },
  // RFC 7974, 4: in every segment until the connection is established.
  rfc7974: {
    options: [{ kind: 253, layout: "host-id", open: true }],
    packets: FROM_SYN,
    position: "any",
    strips: false,
  },
};
