import { getSystemErrorName } from "node:util";
import { join } from "node:path";
import type { BpfCalls } from "@wherefrom/native";
import { loadNative } from "../connection/native.ts";
import {
  TOA_ANSWERED,
  TOA_KEPT_HANDSHAKE,
  TOA_KEPT_LATER,
  TOA_NOT_KEPT,
  TOA_UNTRUSTED,
} from "../connection/native-numbers.ts";

/** Hooks of a control group at which we attach; include/uapi/linux/bpf.h, enum bpf_attach_type. */
const HOOKS = { sock_ops: 3, getsockopt: 21, getpeername4: 29, getpeername6: 30 } as const;
/** A hook of a control group that wherefrom uses. */
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
  /** Replaced getpeername() answers, and options that were ignored because their sender is not trusted. */
  readonly answered: number;
  readonly untrusted: number;
}

/** Names that native/addon/bpf/toa.c gives its programs, which are also those of the pins. */
const TOA_PROGRAMS: readonly string[] = [
  "wherefrom_keep",
  "wherefrom_read",
  "wherefrom_4096",
  "wherefrom_peer4",
  "wherefrom_peer6",
];

/** Everything that an agent leaves in its directory. */
export const TOA_PINS: readonly string[] = [...TOA_PROGRAMS, "records", "counts"];

/** Programs of any owner at our hooks of this very group, not of those above it; or why they cannot be told (it takes CAP_NET_ADMIN). */
export function attachedPrograms(groupPath: string): readonly AttachedProgram[] | string {
  const bpf = loadNative()?.bpf;
  if (bpf === undefined) return "the addon is not loaded";
  const programs: AttachedProgram[] = [];
  for (const [hook, number] of Object.entries(HOOKS) as [ToaHook, number][]) {
    const count = bpf.attached(groupPath, number);
    if (count < 0) return getSystemErrorName(count);
    const [flags = 0, ...ids] = words(bpf, 1 + count);
    const sharing = (flags & 2) !== 0 ? "multi" : (flags & 1) !== 0 ? "override" : "exclusive";
    programs.push(...ids.map((id) => ({ id, hook, sharing, ...detailsOf(bpf, id) }) as const));
  }
  return programs;
}

/** What an agent has pinned in this directory, undefined where nothing is; or why it cannot be told. */
export function pinnedPrograms(pinPath: string): PinnedPrograms | string | undefined {
  const bpf = loadNative()?.bpf;
  if (bpf === undefined) return "the addon is not loaded";
  const programs: { name: string; id: number; groupId: bigint }[] = [];
  for (const name of TOA_PROGRAMS) {
    const length = bpf.link(join(pinPath, name));
    if (length === -ENOENT) continue;
    if (length < 0) return `${name}: ${getSystemErrorName(length)}`;
    // struct bpf_link_info: type, id, prog_id, and of a control group's its id (8 bytes) and hook.
    const id = words(bpf, 3)[2] as number;
    programs.push({ name, id, groupId: longs(bpf, 3)[2] as bigint });
  }
  const length = bpf.counts(join(pinPath, "counts"));
  if (length === -ENOENT) return programs.length === 0 ? undefined : { programs, counts: undefined };
  if (length < 0) return `counts: ${getSystemErrorName(length)}`;
  const counts = longs(bpf, length).map(Number);
  const count = (place: number): number => counts[place] ?? 0;
  return {
    programs,
    counts: {
      keptOfHandshake: count(TOA_KEPT_HANDSHAKE),
      keptOfLaterPacket: count(TOA_KEPT_LATER),
      notKept: count(TOA_NOT_KEPT),
      answered: count(TOA_ANSWERED),
      untrusted: count(TOA_UNTRUSTED),
    },
  };
}

const ENOENT = 2;

/** struct bpf_prog_info: load_time at 40, created_by_uid at 48, name at 64. */
function detailsOf(bpf: BpfCalls, id: number): Pick<AttachedProgram, "name" | "uid" | "loadedAtMs" | "isOurs"> {
  const length = bpf.program(id);
  if (length < 0) return { name: undefined, uid: undefined, loadedAtMs: undefined, isOurs: undefined };
  const bytes = Buffer.from(bpf.buffer.subarray(64, 80));
  const name = bytes.subarray(0, bytes.indexOf(0)).toString("latin1");
  return {
    name,
    uid: words(bpf, 13)[12],
    loadedAtMs: Number(longs(bpf, 6)[5]) / 1e6,
    isOurs: TOA_PROGRAMS.includes(name),
  };
}

/** The answer's first numbers, in host order, as a copy. */
function words({ buffer }: BpfCalls, count: number): number[] {
  return [...new Uint32Array(Uint8Array.from(buffer.subarray(0, 4 * count)).buffer)];
}

function longs({ buffer }: BpfCalls, count: number): bigint[] {
  return [...new BigUint64Array(Uint8Array.from(buffer.subarray(0, 8 * count)).buffer)];
}
