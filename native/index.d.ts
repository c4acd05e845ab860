/**
 * Socket options by file descriptor. Each call answers a length, 0, or a negative errno, and never throws: -EBADF for a descriptor that is no whole number
 * from 0 on, -EDOM for any other argument that does not fit, which no socket call answers. So do the calls of the other groups.
 * The descriptor must be the socket's in this tick: numbers are reused after a close.
 */
export interface SocketCalls {
  /** Where answers are written, 512 bytes. One per environment, and the next call overwrites it: read or copy what you need before anything else runs. */
  readonly buffer: Uint8Array;
  /** `lengthBytes` is 1 to 512. The answer is in `buffer`, in host byte order where the option is a number. */
  readonly getSockopt: (fd: number, level: number, name: number, lengthBytes: number) => number;
  /** Options whose value is a C int. */
  readonly setSockopt: (fd: number, level: number, name: number, value: number) => number;
  /** The peer's sockaddr as the kernel tells it, family in host byte order; a kernel module may have put a claim in its place. */
  readonly getPeername: (fd: number) => number;
  /**
   * getsockopt(IPPROTO_IP, 4096): 20 bytes where a TOA module knows an IPv6 client of this IPv4 socket. -ENOPROTOOPT: no module, or none that answers;
   * -EINVAL and -EFAULT: nothing is known of this connection.
   */
  readonly toaLookup: (fd: number) => number;
  /** TCP_SAVE_SYN on a listener: 0 off, 1 from the IP header on, 2 with the MAC header. Holds for SYNs that come after it. */
  readonly saveSyn: (fd: number, mode: number) => number;
  /** TCP_SAVED_SYN of an accepted socket: IP and TCP header. Read once: the second answer is 0, and so is the first under SYN cookies. */
  readonly savedSyn: (fd: number) => number;
  /**
   * 64 bytes: what the programs of `attachToa` keep of this connection, or (packet 0) the peer alone, as TCP knows it, where they have kept nothing. 1 byte from programs
   * of an earlier version that have kept nothing; a negative errno where none watch the socket.
   */
  readonly toaRecord: (fd: number) => number;
  /**
   * All that there is to read when a connection has just been accepted, in one call. `wants` is a sum: WANT_SYN, WANT_LOOKUP, WANT_RECORD (addon/numbers.h).
   * Written to `buffer`, one behind the other: the peer (20 bytes in network order: 4 or 6; 1 where there is an IPv6 scope; port 2; address 16, an IPv4 one mapped),
   * then look-up (20), record (64) and SYN, each where it is wanted and there. The answer is the length of all, and WANT_LOOKUP and WANT_RECORD, shifted TOLD_SHIFT bits to the left, tell
   * that look-up and record are among it. -EAFNOSUPPORT: the peer has no IP address.
   */
  readonly readAccepted: (fd: number, wants: number) => number;
}

/** Programs in the kernel: loads, attaches and looks for them. */
export interface BpfCalls {
  /** As of SocketCalls, and the same. */
  readonly buffer: Uint8Array;
  /**
   * Loads the programs that keep TCP options beside sockets (bpf/toa.bpf.c), and attaches them to the control group (v2) at this path. `settings` is a sum of
   * TOA_... in addon/numbers.h. Without `pinPath`, a directory of a BPF file system, for as long as the process lives, and once a process: a second call
   * answers 0. `trust` and `forms` (addon/toa_record.h) attach those that stand in for a kernel module as well.
   * 0, or a negative errno with what failed in `buffer`, as text up to a zero.
   */
  readonly attachToa: (
    groupPath: string,
    settings: number,
    pinPath?: string,
    trust?: Uint8Array,
    forms?: Uint8Array,
  ) => number;
  /** Undoes what `attachToa` did without pins; what was kept of connections is gone. */
  readonly detachToa: () => number;
  /**
   * Turns dpvs' IP protocol 248 into UDP with an IP option at the ingress of an interface of this network namespace (bpf/opp.bpf.c), for as long as the process lives.
   * Linux 6.6; CAP_BPF and CAP_NET_ADMIN. Answers as `attachToa`.
   */
  readonly attachOpp: (interfaceName: string) => number;
  /** Undoes what `attachOpp` did. */
  readonly detachOpp: () => number;
  /** Programs at a hook (enum bpf_attach_type) of a control group: how many; in `buffer` flags of attaching and their numbers, 32 bits each. CAP_NET_ADMIN. */
  readonly attached: (groupPath: string, hook: number) => number;
  /** struct bpf_prog_info of a program in `buffer`; its length. CAP_SYS_ADMIN. */
  readonly program: (id: number) => number;
  /** struct bpf_link_info of a link that is pinned, in `buffer`; its length. */
  readonly link: (pinPath: string) => number;
  /** What a pinned per-processor array counts (TOA_KEPT_HANDSHAKE and so on), summed, 64 bits each in `buffer`; how many. */
  readonly counts: (pinPath: string) => number;
}

/** Taps on the packets of a TCP port (AF_PACKET), and what the kernel's table of sockets confirms. */
export interface TapCalls {
  /** As of SocketCalls, and the same. */
  readonly buffer: Uint8Array;
  /**
   * A tap that sees packets with a byte of `kinds` among their options; it takes CAP_NET_RAW. `packets` is a sum: TAP_SYN SYNs, TAP_ACK the handshake's ACK,
   * TAP_DATA the first data. Answers the tap's number, from 1 on, or a negative errno: -EPERM without the right.
   */
  readonly open: (port: number, packets: number, kinds: Uint8Array) => number;
  /**
   * What the first packets of an accepted connection carried, in `buffer`: how many bytes, TOA_RECORD_BYTES a record. 0: none carried anything. TAP_NOT_SEEN: the handshake was
   * not seen; TAP_AMBIGUOUS: of several between the same ends nothing tells which it was; TAP_OVERFLOW: packets were lost; TAP_NO_PEER: nothing but getpeername tells who is
   * connected, and the kernel's table of sockets does not confirm it. To be called in the tick of 'connection', with what `readAccepted` answered: bytes[from, to) of a copy,
   * and the upper half of its answer. Then with `again` 1 for what came since.
   */
  readonly find: (
    tap: number,
    fd: number,
    again: number,
    bytes?: Uint8Array,
    from?: number,
    to?: number,
    told?: number,
  ) => number;
  /** The peer that SO_PEERNAME names, as `readAccepted` writes it, where the kernel's table of sockets (sock_diag) has it, too; -ESTALE where it has not. No right is needed. */
  readonly confirmedPeer: (fd: number) => number;
  /** Packets that the tap has lost. */
  readonly lost: (tap: number) => number;
  readonly close: (tap: number) => number;
  /** Whether a tap sees a connection over loopback: 0 it does, TAP_NO_LOOPBACK there is no loopback to try it on, else as `find` and `open`. */
  readonly probe: () => number;
}

/** Receives datagrams in the place of node:dgram. */
export interface UdpCalls {
  /**
   * Takes over a bound UDP socket: `wants` UDP_WANTS_OPTIONS asks for IP options, UDP_WANTS_LOCAL for local addresses, the sum for both, 0 for neither. UDP_WANTS_OPP4 and UDP_WANTS_OPP6 take
   * over nothing: they receive what comes for the socket in IP protocol 248 (dpvs' opp) over IPv4, or over IPv6, which takes CAP_NET_RAW; -EAFNOSUPPORT where none can come so. Answers the
   * receiver's number, from 1 on, or a negative errno.
   * `tell` is called once a batch with how many datagrams came, and with the memory that they were received into; or with a negative errno. That memory is the same each time, and the next batch of any
   * receiver of this thread overwrites it; where it was given away (transferred) there is new memory from the next batch on. It holds the payloads and options, and behind them UDP_WORDS words (Int32)
   * for each of at most UDP_BATCH datagrams: addon/numbers.h says which word has what.
   */
  readonly open: (fd: number, wants: number, tell: (count: number, memory?: ArrayBuffer) => void) => number;
  /** The socket's own descriptor is not touched, the receiver's is closed when this returns. Nothing is told after it. */
  readonly close: (receiver: number) => number;
  /** 1: the receiver keeps the process alive, as from the beginning; 0: it does not. */
  readonly ref: (receiver: number, keepsAlive: number) => number;
  /** Packets of protocol 248 that were none, or not whole (UDP_REFUSED_BROKEN), and datagrams in them whose checksum was wrong (UDP_REFUSED_CHECKSUM). */
  readonly refused: (receiver: number, which: number) => number;
}

/** Each group is whole or absent: libc through ffi-rs has the sockets alone. */
export interface NativeCalls {
  readonly sockets: SocketCalls;
  readonly bpf: BpfCalls | undefined;
  readonly tap: TapCalls | undefined;
  readonly udp: UdpCalls | undefined;
}

/** Ways to make the calls, best first: a binary of the package, one built on this machine, libc through ffi-rs. */
export type NativeSource = "prebuild" | "build" | "ffi-rs";

/** What was loaded, and why the better ones were not. */
export interface NativeStatus {
  readonly source: NativeSource | "none";
  /** File of the addon, or the package's name; undefined where nothing was loaded. */
  readonly path: string | undefined;
  /** Best first. */
  readonly skipped: readonly { readonly source: NativeSource; readonly reason: string }[];
}

/**
 * The calls, loaded when first asked for, once per environment (a worker has its own); undefined where nothing can be loaded:
 * not on Linux, `WHEREFROM_NO_NATIVE` set, `--no-addons`, or no binary and no ffi-rs.
 */
export function loadNative(): NativeCalls | undefined;

/** How the calls are made in this process. Loads them. */
export function nativeStatus(): NativeStatus;
