import { getSystemErrorName } from "node:util";
import { join } from "node:path";
import type { Sockopt } from "@wherefrom/native";
import { loadSockopt } from "./native.ts";

/** Hooks of a control group at which we attach; include/uapi/linux/bpf.h, enum bpf_attach_type. */
const HOOKS = { sock_ops: 3, getsockopt: 21, getpeername4: 29, getpeername6: 30 } as const;
export type ToaHook = keyof typeof HOOKS;

/** BPF_F_ALLOW_OVERRIDE and BPF_F_ALLOW_MULTI. Links are always "multi". */
export type SharingMode = "exclusive" | "override" | "multi";

/** A BPF program at a hook of a control group. */
export interface AttachedProgram {
  readonly id: number;
  readonly hook: ToaHook;
  readonly sharing: SharingMode;
  /** Undefined without CAP_SYS_ADMIN, as are the others below. */
  readonly name: string | undefined;
  /** The user who loaded it. */
  readonly uid: number | undefined;
  /** When, in milliseconds since the machine started. */
  readonly loadedAtMs: number | undefined;
  /** Whether it is one of wherefrom's. */
  readonly isOurs: boolean | undefined;
}

/** What is pinned in one directory. */
export interface PinnedPrograms {
  readonly programs: readonly { readonly name: string; readonly id: number; readonly groupId: bigint }[];
  /** Undefined where the map is not there, which an agent of this version pins with the programs. */
  readonly counts: ToaCounts | undefined;
}

/** Since the maps were made. */
export interface ToaCounts {
  /** Connections of which options of the handshake's last packet were kept, and of a later packet. */
  readonly keptOfHandshake: number;
  readonly keptOfLaterPacket: number;
  /** Connections whose options had no room beside the socket. */
  readonly notKept: number;
  /** Answers in a kernel module's place, and options that were left alone there because nobody trusts who sent them. */
  readonly answered: number;
  readonly untrusted: number;
}

/** Names that native/addon/toa_bpf.c gives its programs, which are also those of the pins. */
const TOA_PROGRAMS: readonly string[] = [
  "wherefrom_keep",
  "wherefrom_read",
  "wherefrom_4096",
  "wherefrom_peer4",
  "wherefrom_peer6",
];

/** Everything that an agent leaves in its directory. */
export const TOA_PINS: readonly string[] = [...TOA_PROGRAMS, "records", "counts"];

/** Programs of anybody at our hooks of this very group, not of those above it; or why they cannot be told (it takes CAP_NET_ADMIN). */
export function attachedPrograms(groupPath: string): readonly AttachedProgram[] | string {
  const sockopt = loadSockopt();
  if (sockopt?.bpfAttached === undefined) return "the addon is not loaded";
  const programs: AttachedProgram[] = [];
  for (const [hook, number] of Object.entries(HOOKS) as [ToaHook, number][]) {
    const count = sockopt.bpfAttached(groupPath, number);
    if (count < 0) return getSystemErrorName(count);
    const [flags = 0, ...ids] = words(sockopt, 1 + count);
    const sharing = (flags & 2) !== 0 ? "multi" : (flags & 1) !== 0 ? "override" : "exclusive";
    programs.push(...ids.map((id) => ({ id, hook, sharing, ...detailsOf(sockopt, id) }) as const));
  }
  return programs;
}

/** What an agent has pinned in this directory, undefined where nothing is; or why it cannot be told. */
export function pinnedPrograms(pinPath: string): PinnedPrograms | string | undefined {
  const sockopt = loadSockopt();
  if (sockopt?.bpfLink === undefined || sockopt.bpfCounts === undefined) return "the addon is not loaded";
  const programs: { name: string; id: number; groupId: bigint }[] = [];
  for (const name of TOA_PROGRAMS) {
    const length = sockopt.bpfLink(join(pinPath, name));
    if (length === -ENOENT) continue;
    if (length < 0) return `${name}: ${getSystemErrorName(length)}`;
    // struct bpf_link_info: type, id, prog_id, and of a control group's its id (8 bytes) and hook.
    const id = words(sockopt, 3)[2] as number;
    programs.push({ name, id, groupId: longs(sockopt, 3)[2] as bigint });
  }
  const length = sockopt.bpfCounts(join(pinPath, "counts"));
  if (length === -ENOENT) return programs.length === 0 ? undefined : { programs, counts: undefined };
  if (length < 0) return `counts: ${getSystemErrorName(length)}`;
  const [keptOfHandshake = 0, keptOfLaterPacket = 0, notKept = 0, answered = 0, untrusted = 0] = longs(
    sockopt,
    length,
  ).map(Number);
  return { programs, counts: { keptOfHandshake, keptOfLaterPacket, notKept, answered, untrusted } };
}

const ENOENT = 2;

/** struct bpf_prog_info: load_time at 40, created_by_uid at 48, name at 64. */
function detailsOf(sockopt: Sockopt, id: number): Pick<AttachedProgram, "name" | "uid" | "loadedAtMs" | "isOurs"> {
  const length = sockopt.bpfProgram?.(id) ?? -1;
  if (length < 0) return { name: undefined, uid: undefined, loadedAtMs: undefined, isOurs: undefined };
  const bytes = Buffer.from(sockopt.buffer.subarray(64, 80));
  const name = bytes.subarray(0, bytes.indexOf(0)).toString("latin1");
  return {
    name,
    uid: words(sockopt, 13)[12],
    loadedAtMs: Number(longs(sockopt, 6)[5]) / 1e6,
    isOurs: TOA_PROGRAMS.includes(name),
  };
}

/** The answer's first numbers, in host order, as a copy. */
function words({ buffer }: Sockopt, count: number): number[] {
  return [...new Uint32Array(Uint8Array.from(buffer.subarray(0, 4 * count)).buffer)];
}

function longs({ buffer }: Sockopt, count: number): bigint[] {
  return [...new BigUint64Array(Uint8Array.from(buffer.subarray(0, 8 * count)).buffer)];
}
