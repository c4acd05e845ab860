import { type Connection, type ConnectionClaim, type Endpoint, formatEndpoint, parseAddress } from "@wherefrom/core";
import { parseTcpPacket, parseToaOptions, tcpSource, type TcpPacket, type ToaProduct } from "@wherefrom/core/wire";
import { amendConnection } from "./connection-of.ts";
import type { SavedSyn } from "./saved-syn.ts";

/** A connection whose SYN is parsed when somebody first asks who is at its other end. */
export class ToaConnection implements Connection {
  readonly certificate: Connection["certificate"];
  readonly memory: Connection["memory"];
  #connection: Connection;
  #product: ToaProduct | undefined;
  #syn: SavedSyn | undefined;
  readonly #lookup: ConnectionClaim | undefined;
  readonly #isModule: boolean;

  /** `lookup` is what a module answered; `isModule` whether one is there, which may have replaced the peer's address. */
  constructor(
    connection: Connection,
    product: ToaProduct,
    syn: SavedSyn | undefined,
    lookup: ConnectionClaim | undefined,
    isModule: boolean,
  ) {
    this.certificate = connection.certificate;
    this.memory = connection.memory;
    this.#connection = connection;
    this.#product = product;
    this.#syn = syn;
    this.#lookup = lookup;
    this.#isModule = isModule;
  }

  get transport(): Connection["transport"] {
    return this.#settled().transport;
  }

  get peer(): string | undefined {
    return this.#settled().peer;
  }

  get peerPort(): number | undefined {
    return this.#settled().peerPort;
  }

  get claims(): readonly ConnectionClaim[] {
    return this.#settled().claims;
  }

  #settled(): Connection {
    if (this.#product !== undefined) {
      this.#connection = this.#settle(this.#product);
      this.#product = undefined;
      this.#syn = undefined;
    }
    return this.#connection;
  }

  /**
   * A module may have replaced the peer's address by whatever an option said. The SYN's source is the peer; without a SYN nothing tells it, and what
   * the kernel calls the peer is somebody's claim. A SYN that names another than the kernel does tells of a module that does not show itself.
   */
  #settle(product: ToaProduct): Connection {
    const { peer = "", peerPort, claims } = this.#connection;
    const named: Endpoint = { address: peer, port: peerPort };
    const syn = this.#syn;
    const packet = syn === undefined ? undefined : parseTcpPacket(syn.bytes, syn.from, syn.to);
    if (syn === undefined || packet === undefined) {
      if (!this.#isModule) return this.#connection;
      const claim = this.#lookup ?? moduleClaim(named);
      return amendConnection(this.#connection, { transport: "unverified", claims: [...claims, claim] });
    }
    const source = tcpSource(syn.bytes, packet);
    if (!isSame(named, source)) {
      const claim = this.#lookup ?? moduleClaim(named);
      return amendConnection(this.#connection, {
        peer: source.address,
        peerPort: source.port,
        claims: [...claims, claim],
      });
    }
    const claim = this.#lookup ?? claimOf(syn, packet, product);
    return claim === undefined ? this.#connection : amendConnection(this.#connection, { claims: [...claims, claim] });
  }
}

/** A dual-stack socket writes IPv4 as mapped, and a packet has no zone. */
function isSame(named: Endpoint, { address, port }: Endpoint): boolean {
  if (named.port !== port) return false;
  if (named.address === address || named.address === `::ffff:${address}`) return true;
  return parseAddress(named.address)?.words.join() === parseAddress(address)?.words.join();
}

/** What the module put in the peer's place. */
function moduleClaim(endpoint: Endpoint): ConnectionClaim {
  return { method: "toa", format: "toa-module", raw: formatEndpoint(endpoint), says: "address", endpoint };
}

/** Undefined where the packet carries nothing of the product's; what is there and cannot be believed is a claim that stops the walk, with its reason. */
function claimOf(
  { bytes }: SavedSyn,
  { family, optionsFrom, optionsTo }: TcpPacket,
  product: ToaProduct,
): ConnectionClaim | undefined {
  const reading = parseToaOptions(bytes, product, "syn", family, optionsFrom, optionsTo);
  if (reading.ok) {
    const { claim, warnings } = reading;
    return warnings.length === 0 ? claim : { ...claim, oddities: warnings };
  }
  const { reason, raw } = reading;
  if (reason === "absent" || reason === "not-in-packet") return undefined;
  return { method: "toa", format: "toa", raw, says: "malformed", reason };
}
