import { loadNative } from "./native.ts";

/** Of attachOpp: the argument is none. */
const EDOM = 33;

/**
 * From now on, for as long as this process lives, what comes in at this interface in dpvs' IP protocol 248 is turned into UDP with an IP option, which every
 * socket with `udp: "dpvs"` reads, and which a NAT behind it leaves alone. The interface is one of this network namespace; Linux 6.6, CAP_BPF and
 * CAP_NET_ADMIN. "on", or "unavailable: ..." with what failed. To be called again does nothing.
 */
export function convertProtocol248(interfaceName: string): string {
  const native = loadNative();
  if (typeof native === "string") return `unavailable: ${native}`;
  if (native.bpf === undefined) return "unavailable: libc through ffi-rs loads no programs; build the addon";
  const { attachOpp, buffer } = native.bpf;
  const result = attachOpp(interfaceName);
  if (result === 0) return "on";
  if (result === -EDOM) return `unavailable: ${JSON.stringify(interfaceName)} is not the name of an interface`;
  const problem = Buffer.from(buffer.subarray(0, buffer.indexOf(0))).toString();
  return `unavailable: ${problem} (errno ${-result})`;
}
