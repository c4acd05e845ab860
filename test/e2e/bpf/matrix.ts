import type { Stamp, StampedPackets } from "../bed/stamper.ts";
import type { CrowdOptions } from "../bed/crowd.ts";

/** Where the option stands, and whether the bare ACK of the handshake is lost on its way. */
const PACKETS = {
  SYN: { stamped: "s", isLost: false },
  "final ACK": { stamped: "a", isLost: false },
  "ACK and data": { stamped: "ad", isLost: false },
  "data only": { stamped: "d", isLost: false },
  "lost ACK": { stamped: "ad", isLost: true },
} as const satisfies Record<string, { stamped: StampedPackets; isLost: boolean }>;

/** IP version of the packets, of the option, and where the server listens. */
const PATHS = {
  IPv4: { family: 4, option: 4, host: "0.0.0.0" },
  IPv6: { family: 6, option: 6, host: "::" },
  "dual-stack ::": { family: 4, option: 4, host: "::" },
  NAT64: { family: 4, option: 6, host: "0.0.0.0" },
} as const;

const KINDS = [254, 253, 200, 28, 252] as const;
const COOKIES = [0, 2] as const;
const READERS = ["sock-ops", "saved-syn"] as const;

/** One of each. */
export interface Cell {
  readonly packet: keyof typeof PACKETS;
  readonly path: keyof typeof PATHS;
  readonly kind: (typeof KINDS)[number];
  readonly cookies: (typeof COOKIES)[number];
  readonly reader: (typeof READERS)[number];
}

/** What a cell asks of the bed, and what must be answered. */
export interface Setting {
  readonly stamped: StampedPackets;
  readonly stamp: Stamp;
  readonly isLost: boolean;
  readonly family: 4 | 6;
  readonly host: string;
  readonly toa: object;
  readonly form: CrowdOptions["form"];
  /** SYN cookies keep nothing of a SYN, and saved SYNs show nothing else. */
  readonly expected: "right" | "unknown";
}

export const ALL_CELLS: readonly Cell[] = (Object.keys(PACKETS) as Cell["packet"][]).flatMap((packet) =>
  (Object.keys(PATHS) as Cell["path"][]).flatMap((path) =>
    KINDS.flatMap((kind) =>
      COOKIES.flatMap((cookies) => READERS.map((reader) => ({ packet, path, kind, cookies, reader }))),
    ),
  ),
);

export function settingOf({ packet, path, kind, cookies, reader }: Cell): Setting {
  const { stamped, isLost } = PACKETS[packet];
  const { family, option, host } = PATHS[path];
  const [layout, length] =
    kind === 28
      ? option === 4
        ? ["version-ipv4", 7]
        : ["version-ipv6", 19]
      : option === 4
        ? ["port-ipv4", 8]
        : ["port-ipv6", 20];
  const isSeen = packet === "SYN" ? cookies === 0 : reader === "sock-ops";
  return {
    stamped,
    isLost,
    family,
    host,
    stamp: path === "NAT64" ? `nat64:${kind}` : `${kind}`,
    toa: { product: { kind, layout, length, packets: ["syn", "ack", "data"] }, reader },
    form: path === "NAT64" ? (kind === 28 ? "translated-no-port" : "translated") : kind === 28 ? "no-port" : "own",
    expected: isSeen ? "right" : "unknown",
  };
}

/** Few cells in which every two values of two columns meet; always the same ones. */
export function pairwise(cells: readonly Cell[] = ALL_CELLS): readonly Cell[] {
  const pairsOf = (cell: Cell): string[] => {
    const values = Object.entries(cell).map(([column, value]) => `${column}=${value}`);
    return values.flatMap((one, index) => values.slice(index + 1).map((other) => `${one}&${other}`));
  };
  const open = new Set(cells.flatMap(pairsOf));
  const chosen: Cell[] = [];
  while (open.size > 0) {
    const gains = cells.map((cell) => pairsOf(cell).filter((pair) => open.has(pair)).length);
    const best = cells[gains.indexOf(Math.max(...gains))] as Cell;
    for (const pair of pairsOf(best)) open.delete(pair);
    chosen.push(best);
  }
  return chosen;
}
