import type { Endpoint } from "@wherefrom/core";
import { encodeProxyV1, encodeProxyV2 } from "@wherefrom/core/wire";
import type { Machine } from "./site.ts";

/** The bytes that the machine sends before those of its client. */
export function proxyHeader({ speech }: Machine, about: Endpoint): Uint8Array {
  if (speech.kind !== "proxy") return new Uint8Array(0);
  const destination = { address: about.address.includes(":") ? "fd00::80" : "10.0.0.80", port: 443 };
  if (speech.version === 1)
    return Buffer.from(encodeProxyV1(speech.says === "client" ? { source: about, destination } : {}));
  if (speech.says === "self") return encodeProxyV2({});
  const header = Buffer.from(
    encodeProxyV2({
      source: about,
      destination,
      checksum: (about.port ?? 0) % 2 === 0,
      tlvs: speech.isTls ? [TLS] : [],
    }),
  );
  if (speech.says === "client") return header;
  // AF_UNSPEC of a connection that is somebody's: PROXY, no family, no addresses.
  return Buffer.concat([header.subarray(0, 12), Buffer.from("21000000", "hex")]);
}

/** PP2_TYPE_SSL: PP2_CLIENT_SSL, no certificate, verify 0. */
const TLS = { type: 0x20, value: Uint8Array.from([1, 0, 0, 0, 0]) };

/** Simple Proxy Protocol: magic, client, proxy, and their ports. */
export function sppHeader({ address, port = 1 }: Endpoint): Uint8Array {
  return Buffer.concat([Buffer.from("56ec", "hex"), bytes16(address), bytes16("10.0.0.80"), bytes2(port), bytes2(53)]);
}

/** dpvs' option of TCP: a port and an address of either family. */
export function toaOption({ address, port = 1 }: Endpoint): Uint8Array {
  const isSix = address.includes(":");
  return Buffer.concat([
    Uint8Array.from([254, isSix ? 20 : 8]),
    bytes2(port),
    isSix ? bytes16(address) : bytes4(address),
  ]);
}

/** What stays of the client's options behind the balancer's: one of another kind, or the beginning of one. */
export function behindOption(option: Uint8Array, options: Uint8Array): Uint8Array {
  if (options[0] === option[0]) return option;
  return Buffer.concat([option, (options.at(-1) ?? 0) % 2 === 0 ? options : options.subarray(0, 5)]);
}

/** dpvs' option; in an IPv6 destination options header behind next header and length, and padded. */
export function udpOption({ address, port = 1 }: Endpoint, family: 4 | 6): Uint8Array {
  const isSix = address.includes(":");
  const fields = Buffer.concat([bytes2(port), isSix ? bytes16(address) : bytes4(address)]);
  if (family === 4) return Buffer.concat([Uint8Array.from([31, fields.length + 2]), fields]);
  const option = Buffer.concat([Uint8Array.from([31, fields.length]), fields]);
  const size = Math.ceil((2 + option.length) / 8) * 8;
  const padding = size - 2 - option.length;
  const pad =
    padding === 0 ? [] : padding === 1 ? [0] : [1, padding - 2, ...Array.from({ length: padding - 2 }, () => 0)];
  return Buffer.concat([Uint8Array.from([17, size / 8 - 1]), option, Uint8Array.from(pad)]);
}

const bytes2 = (word: number): Buffer => Buffer.from([word >> 8, word & 0xff]);
const bytes4 = (address: string): Buffer => Buffer.from(address.split(".").map(Number));

function bytes16(address: string): Buffer {
  if (!address.includes(":")) return Buffer.concat([Buffer.from("00000000000000000000ffff", "hex"), bytes4(address)]);
  const [head = "", tail = ""] = address.split("::");
  const [left, right] = [head.split(":"), tail === "" ? [] : tail.split(":")];
  const groups = [...left, ...Array.from({ length: 8 - left.length - right.length }, () => "0"), ...right];
  return Buffer.concat(groups.map((group) => bytes2(Number.parseInt(group, 16))));
}
