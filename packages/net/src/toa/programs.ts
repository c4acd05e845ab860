import { readFileSync } from "node:fs";
import { constants, release } from "node:os";
import { getSystemErrorName } from "node:util";
import { parseToaRecord, TOA_RECORD_BYTES, type ToaRecord } from "@wherefrom/core/wire";
import type { BpfCalls, SocketCalls } from "@wherefrom/native";
import { TOA_LATER_PACKETS } from "../connection/native-numbers.ts";
import { ownControlGroup } from "./control-group.ts";
import type { ToaStandIn } from "./stand-in.ts";

const { E2BIG, EACCES, EINVAL, ENOSYS, EPERM } = constants.errno;

/** linux/capability.h. */
const CAPABILITIES = { CAP_NET_ADMIN: 12, CAP_NET_RAW: 13, CAP_SYS_ADMIN: 21, CAP_PERFMON: 38, CAP_BPF: 39 } as const;

/** Whether the programs watch this socket, a listener or a connection: they answer, if only that there is nothing. */
export function isWatched(sockopt: SocketCalls, fd: number): boolean {
  return sockopt.toaRecord(fd) > 0;
}

/** Undefined where nothing was kept of the connection, or no program watches it. */
export function readToaRecord(sockopt: SocketCalls, fd: number): ToaRecord | undefined {
  return sockopt.toaRecord(fd) === TOA_RECORD_BYTES ? parseToaRecord(sockopt.buffer) : undefined;
}

/** Where, and with what besides. */
interface Attachment {
  /** Default: the process' own group. */
  readonly groupPath?: string | undefined;
  readonly pinPath?: string | undefined;
  readonly standIn?: ToaStandIn | undefined;
}

/** Attaches the programs to a control group. "on", or why that cannot be. */
export function attachPrograms(
  bpf: BpfCalls | undefined,
  watchesLaterPackets: boolean,
  { groupPath, pinPath, standIn }: Attachment = {},
): string {
  if (bpf === undefined) return "unavailable: the addon is not loaded";
  const group = groupPath === undefined ? ownControlGroup() : { path: groupPath };
  if ("problem" in group) return `unavailable: ${group.problem}`;
  const settings = (watchesLaterPackets ? TOA_LATER_PACKETS : 0) | (standIn?.settings ?? 0);
  const result = bpf.attachToa(group.path, settings, pinPath, standIn?.trust, standIn?.forms);
  if (result === 0) return "on";
  const { buffer } = bpf;
  const step = Buffer.from(buffer.subarray(0, buffer.indexOf(0))).toString();
  const missing = whatIsMissing(result, step, readFileSync("/proc/self/status", "utf8"));
  const why = missing === "" ? oldKernel(result, step) : missing;
  return `unavailable: ${step}: ${getSystemErrorName(result)}${why === "" ? "" : `, ${why}`}`;
}

/** What a process with this status (proc(5)) lacks, where that is why `step` answered `result`, in words; "" where it is not. */
export function whatIsMissing(result: number, step: string, status: string): string {
  if (result === -EPERM) return missingCapabilities(status);
  const isRefused = (result === -EACCES || result === -E2BIG) && step.startsWith("loading the program");
  if (!isRefused || hasCapability(status, "CAP_SYS_ADMIN") || hasCapability(status, "CAP_PERFMON")) return "";
  // Linux d75e30dddf73: until then comparing with the packet's end was taken for a leak. In 6.6; 6.1 has it, 5.10 has not. Without the capability the verifier also follows every branch
  // the wrong way (speculative execution): 6.12 gives up on the programs that stand in for a module.
  return `CAP_PERFMON missing, without which older verifiers refuse it`;
}

/** What a kernel without the system call, the map or the hook answers, in words; "" for what may have other reasons. */
function oldKernel(result: number, step: string): string {
  const isOld = result === -ENOSYS || (result === -EINVAL && /BPF_|loading the program/.test(step));
  return isOld ? `Linux ${release()} does not have what it takes, which is there from 5.10 on` : "";
}

/** Whether a process with this status (proc(5)) has the capability in force. */
export function hasCapability(status: string, name: keyof typeof CAPABILITIES): boolean {
  const effective = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? "0"}`);
  return ((effective >> BigInt(CAPABILITIES[name])) & 1n) === 1n;
}

/** What a process with this status lacks to load the programs, in words; "" where it lacks nothing. */
export function missingCapabilities(status: string): string {
  if (hasCapability(status, "CAP_SYS_ADMIN")) return "";
  const missing = (["CAP_BPF", "CAP_NET_ADMIN"] as const).filter((name) => !hasCapability(status, name));
  return missing.length === 0 ? "" : `${missing.join(" and ")} missing`;
}
