/** One way in which a machine tells the machine behind it. */
interface MethodRow {
  /**
   * Where it stands. "socket": the kernel says who is connected. "connection": with a connection or datagram, before any request. "request": in the header
   * of a request.
   */
  readonly scope: "socket" | "connection" | "request";
  /**
   * How connections (`tcp`) and datagrams (`udp`) bring it; absent where they do not. "option": in an option of the packet, which the client's own bytes cannot be. "prefix": before the client's own
   * bytes, which may begin alike. Only with the scope "connection".
   */
  readonly tcp?: "option" | "prefix";
  readonly udp?: "option" | "prefix";
}

/**
 * Every carrier. The order of the connection's methods is that of their bits and of `Policy.connectionMethods`. A new row is a compile error wherever a method needs more: its format in
 * wire/prefixes.ts where it is a prefix; how it is switched on, in net/src/connection/unread-carrier.ts, where it is none of datagrams' prefixes.
 */
const METHODS = {
  socket: { scope: "socket" },
  toa: { scope: "connection", tcp: "option" },
  "proxy-protocol": { scope: "connection", tcp: "prefix", udp: "prefix" },
  "udp-option": { scope: "connection", udp: "option" },
  spp: { scope: "connection", udp: "prefix" },
  forwarded: { scope: "request" },
  "x-forwarded-for": { scope: "request" },
  "single-header": { scope: "request" },
} as const;

type Methods = typeof METHODS;

/** Who told us about a hop. */
export type Method = keyof Methods;

/** The methods whose row says all that `Row` says. */
type MethodWith<Row extends Partial<MethodRow>> = {
  [Name in Method]: Methods[Name] extends Row ? Name : never;
}[Method];

/** Methods whose claims belong to a connection or datagram, and stand before any request is read. */
export type ConnectionMethod = MethodWith<{ readonly scope: "connection" }>;
/** Those that connections, and that datagrams, can bring. */
export type StreamMethod = MethodWith<{ readonly tcp: "option" | "prefix" }>;
export type DatagramMethod = MethodWith<{ readonly udp: "option" | "prefix" }>;
/** Those of them whose claims stand before the client's own bytes. */
export type StreamPrefixMethod = MethodWith<{ readonly tcp: "prefix" }>;
export type DatagramPrefixMethod = MethodWith<{ readonly udp: "prefix" }>;

const rows: Readonly<Record<Method, MethodRow>> = METHODS;

/** In the order of the table. */
export const CONNECTION_METHODS: readonly ConnectionMethod[] = Object.keys(rows).filter(
  (name): name is ConnectionMethod => rows[name as Method].scope === "connection",
);

/** A bit for each of them. */
export const CONNECTION_METHOD_BITS: Readonly<Record<ConnectionMethod, number>> = Object.fromEntries(
  CONNECTION_METHODS.map((method, index) => [method, 1 << index]),
) as Record<ConnectionMethod, number>;

export function isConnectionMethod(name: string): name is ConnectionMethod {
  return Object.hasOwn(CONNECTION_METHOD_BITS, name);
}

/** How connections or datagrams bring a method; undefined where they do not. */
export function placeOf(method: ConnectionMethod, transport: "tcp" | "udp"): "option" | "prefix" | undefined {
  return rows[method][transport];
}
