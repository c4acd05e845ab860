/**
 * Socket options by file descriptor. Each call answers a length, 0, or a negative errno, and never throws: -EBADF for a descriptor that is no whole number
 * from 0 on, -EDOM for any other argument that does not fit, which no socket call answers.
 * The descriptor must be the socket's in this tick: numbers are reused after a close.
 */
export interface Sockopt {
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
  /** 64 bytes that the programs of `attachToa` keep of this connection; 1 byte where they have kept nothing; a negative errno where none watch the socket. */
  readonly toaRecord: (fd: number) => number;
  /**
   * All that there is to read when a connection has just been accepted, in one call. `wants` is a sum: 1 the saved SYN, 2 the TOA look-up, 4 the programs' record.
   * Written to `buffer`, one behind the other: the peer (20 bytes in network order: 4 or 6; 1 where there is an IPv6 scope; port 2; address 16, an IPv4 one mapped),
   * then look-up (20), record (64) and SYN, each where it is wanted and there. The answer is the length of all, and 2 and 4, shifted 16 bits to the left, tell that
   * look-up and record are among it. -EAFNOSUPPORT: the peer has no IP address.
   */
  readonly readAccepted: (fd: number, wants: number) => number;
  /**
   * Loads the programs that keep TCP options beside sockets (bpf/toa.bpf.c), and attaches them to the control group (v2) at this path. `settings`: 1 looks at
   * packets after the handshake, too. Without `pinPath`, a directory of a BPF file system, for as long as the process lives, and once a process: a second call
   * answers 0. `trust` and `forms` (addon/toa_record.h) attach those that stand in for a kernel module as well, with more bits of `settings`.
   * 0, or a negative errno with what failed in `buffer`, as text up to a zero. Absent with ffi-rs, as are the five below.
   */
  readonly attachToa?: (
    groupPath: string,
    settings: number,
    pinPath?: string,
    trust?: Uint8Array,
    forms?: Uint8Array,
  ) => number;
  /** Undoes what `attachToa` did without pins; what was kept of connections is gone. */
  readonly detachToa?: () => number;
  /**
   * Turns dpvs' IP protocol 248 into UDP with an IP option at the ingress of an interface of this network namespace (bpf/opp.bpf.c), for as long as the process lives.
   * Linux 6.6; CAP_BPF and CAP_NET_ADMIN. Answers as `attachToa`.
   */
  readonly attachOpp?: (interfaceName: string) => number;
  /** Undoes what `attachOpp` did. */
  readonly detachOpp?: () => number;
  /** Programs at a hook (enum bpf_attach_type) of a control group: how many; in `buffer` flags of attaching and their numbers, 32 bits each. CAP_NET_ADMIN. */
  readonly bpfAttached?: (groupPath: string, hook: number) => number;
  /** struct bpf_prog_info of a program in `buffer`; its length. CAP_SYS_ADMIN. */
  readonly bpfProgram?: (id: number) => number;
  /** struct bpf_link_info of a link that is pinned, in `buffer`; its length. */
  readonly bpfLink?: (pinPath: string) => number;
  /** What a pinned per-processor array counts, summed, 64 bits each in `buffer`; how many. */
  readonly bpfCounts?: (pinPath: string) => number;
  /**
   * A tap on the packets of a TCP port (AF_PACKET, CAP_NET_RAW), which sees those with a byte of `kinds` among their options. `packets`: 1 SYNs, 2 the handshake's ACK,
   * 4 the first data. Answers the tap's number, from 1 on, or a negative errno: -EPERM without the right. Absent with ffi-rs.
   */
  readonly tapOpen?: (port: number, packets: number, kinds: Uint8Array) => number;
  /**
   * What the first packets of an accepted connection carried, in `buffer`: how many bytes, 64 a record (packet 1 SYN, 2 ACK, 3 data). 0: none carried anything. -4096: the handshake was
   * not seen; -4097: of several between the same ends nothing tells which it was; -4098: packets were lost. To be called in the tick of 'connection', before
   * `savedSyn`, which it reads where nothing else tells the handshake; and then with `again` 1 for what came since.
   */
  readonly tapFind?: (tap: number, fd: number, again: number) => number;
  /** Packets that the tap has lost. */
  readonly tapLost?: (tap: number) => number;
  readonly tapClose?: (tap: number) => number;
  /** Whether a tap sees a connection over loopback: 0 it does, 1 there is no loopback to try it on, else as `tapFind` and `tapOpen`. */
  readonly tapProbe?: () => number;
  /** Receiving datagrams in the place of node:dgram. Absent with ffi-rs. */
  readonly udpBuffers?: () => UdpBuffers | number;
  /**
   * Takes over a bound UDP socket: `wants` 1 asks for IP options, 2 for local addresses; 0 neither. 4 and 8 take over nothing: they receive what comes for the
   * socket in IP protocol 248 (dpvs' opp) over IPv4, or over IPv6, which takes CAP_NET_RAW; -EAFNOSUPPORT where none can come so. Answers the receiver's number, from 1 on, or a negative errno.
   * To be called after `udpBuffers`. `tell` is called once a batch with how many datagrams came, and with the memory they were packed into; or with a negative errno.
   */
  readonly udpOpen?: (fd: number, wants: number, tell: (count: number, slab?: ArrayBuffer) => void) => number;
  /** The socket's own descriptor is not touched. Nothing is told after it. */
  readonly udpClose?: (receiver: number) => number;
  /** 1: the receiver keeps the process alive, as from the beginning; 0: it does not. */
  readonly udpRef?: (receiver: number, keepsAlive: number) => number;
  /** Packets of protocol 248 that were none, or not whole (0), and datagrams in them whose checksum was wrong (1). */
  readonly udpRefused?: (receiver: number, which: number) => number;
  /** 1: batches are packed into memory of their own, as from the beginning. 0: they stay in `data`, until the next one comes. */
  readonly udpPack?: (receiver: number, packs: number) => number;
}

/** One per environment. */
export interface UdpBuffers {
  /** Where batches are received. */
  readonly data: ArrayBuffer;
  /**
   * 16 words a datagram: where its payload begins (in the slab, or in `data`) and its length; flags (1: options were cut, 2: there is a second options header,
   * 4: options are an IPv6 destination options header, 8: the header of IP protocol 248); 4 or 6; port; IPv6 scope; 4 words of source address, as on the wire; where its options begin and their
   * length; 4 words of local address.
   */
  readonly words: Int32Array;
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
export function loadSockopt(): Sockopt | undefined;

/** How the calls are made in this process. Loads them. */
export function nativeStatus(): NativeStatus;
