import { type Connection, type ConnectionClaim, type Endpoint, formatEndpoint, parseAddress } from "@wherefrom/core";
import {
  parseTcpPacket,
  parseToaOptions,
  tcpSource,
  type TcpPacket,
  type ToaProduct,
  type ToaReading,
  type ToaRecord,
} from "@wherefrom/core/wire";
import { amendConnection } from "./connection-of.ts";
import type { SavedSyn } from "./saved-syn.ts";
import type { TapDoubt } from "./toa-tap.ts";

/** What was read of a connection's first packets. */
export interface ToaEvidence {
  readonly syn: SavedSyn | undefined;
  /** What programs in the kernel have kept by now, or a tap has seen. */
  readonly record: (() => ToaRecord | undefined) | undefined;
  /** What a module answered. */
  readonly lookup: ConnectionClaim | undefined;
  /** Why a tap does not say what it saw. */
  readonly doubt?: TapDoubt | undefined;
}

const NO_EVIDENCE: ToaEvidence = { syn: undefined, record: undefined, lookup: undefined };

/** A connection whose first packets are parsed when somebody first asks who is at its other end. */
export class ToaConnection implements Connection {
  readonly certificate: Connection["certificate"];
  readonly memory: Connection["memory"];
  #connection: Connection;
  #evidence: ToaEvidence;
  #isSettled = false;
  #isWaiting = false;
  readonly #product: ToaProduct;
  readonly #isModule: boolean;

  /** `isModule`: whether a module is there, which may have replaced the peer's address. */
  constructor(connection: Connection, product: ToaProduct, evidence: ToaEvidence, isModule: boolean) {
    this.certificate = connection.certificate;
    this.memory = connection.memory;
    this.#connection = connection;
    this.#product = product;
    this.#evidence = evidence;
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
    if (this.#isWaiting) this.#isSettled = false;
    return this.#settled().claims;
  }

  /** Once, except for claims, which are looked for again as long as the product may still write one, and has not. */
  #settled(): Connection {
    if (this.#isSettled) return this.#connection;
    const settled = this.#settle(this.#product);
    this.#isSettled = true;
    this.#isWaiting =
      this.#evidence.record !== undefined &&
      this.#product.packets.includes("data") &&
      settled.claims.length === this.#connection.claims.length;
    if (this.#isWaiting) return this.#connection;
    this.#connection = settled;
    this.#evidence = NO_EVIDENCE;
    return settled;
  }

  /**
   * A module may have replaced the peer's address by whatever an option said. The source of the SYN, or of the packet that the programs kept, is the peer;
   * without either nothing tells it, and what the kernel calls the peer is somebody's claim. A packet that names another than the kernel does tells of a module
   * that does not show itself.
   */
  #settle(product: ToaProduct): Connection {
    const { peer = "", peerPort, claims } = this.#connection;
    const named: Endpoint = { address: peer, port: peerPort };
    const { syn, lookup, doubt } = this.#evidence;
    const record = this.#evidence.record?.();
    const packet = syn === undefined ? undefined : parseTcpPacket(syn.bytes, syn.from, syn.to);
    const source = syn === undefined || packet === undefined ? record?.peer : tcpSource(syn.bytes, packet);
    if (source === undefined) {
      if (!this.#isModule) {
        if (doubt === undefined) return this.#connection;
        return amendConnection(this.#connection, { claims: [...claims, claimOfDoubt(doubt)] });
      }
      const claim = lookup ?? moduleClaim(named);
      return amendConnection(this.#connection, { transport: "unverified", claims: [...claims, claim] });
    }
    const own = record === undefined ? undefined : claimOfRecord(record, product);
    if (!isSame(named, source)) {
      // Programs that stand in for a module tell what the packet told: then its own words are the claim.
      const isPacket = own?.says === "address" && own.endpoint !== undefined && isSame(named, own.endpoint);
      const claim = lookup ?? (isPacket ? own : moduleClaim(named));
      return amendConnection(this.#connection, {
        peer: source.address,
        peerPort: source.port,
        claims: [...claims, claim],
      });
    }
    const synClaim = syn === undefined || packet === undefined ? undefined : claimOfSyn(syn, packet, product);
    const claim = lookup ?? synClaim ?? own ?? (doubt === undefined ? undefined : claimOfDoubt(doubt));
    return claim === undefined ? this.#connection : amendConnection(this.#connection, { claims: [...claims, claim] });
  }
}

/** Something may have been said, and what it was cannot be told. */
function claimOfDoubt(reason: TapDoubt): ConnectionClaim {
  return { method: "toa", format: "toa-tap", raw: "", says: "malformed", reason };
}

/** A dual-stack socket writes IPv4 as mapped, and a packet has no zone. */
function isSame(named: Endpoint, { address, port }: Endpoint): boolean {
  // Nobody connects from port 0: what stands in for a module writes it where the option has none.
  if ((named.port === 0 ? undefined : named.port) !== port) return false;
  if (named.address === address || named.address === `::ffff:${address}`) return true;
  return parseAddress(named.address)?.words.join() === parseAddress(address)?.words.join();
}

/** What the module put in the peer's place. */
function moduleClaim(endpoint: Endpoint): ConnectionClaim {
  return { method: "toa", format: "toa-module", raw: formatEndpoint(endpoint), says: "address", endpoint };
}

function claimOfSyn(
  { bytes }: SavedSyn,
  { family, optionsFrom, optionsTo }: TcpPacket,
  product: ToaProduct,
): ConnectionClaim | undefined {
  return claimOf(parseToaOptions(bytes, product, "syn", family, optionsFrom, optionsTo));
}

function claimOfRecord({ options, packet, family }: ToaRecord, product: ToaProduct): ConnectionClaim | undefined {
  return claimOf(parseToaOptions(options, product, packet, family));
}

/** Undefined where the packet carries nothing of the product's; what is there and cannot be believed is a claim that stops the walk, with its reason. */
function claimOf(reading: ToaReading): ConnectionClaim | undefined {
  if (reading.ok) {
    const { claim, warnings } = reading;
    return warnings.length === 0 ? claim : { ...claim, oddities: warnings };
  }
  const { reason, raw } = reading;
  if (reason === "absent" || reason === "not-in-packet") return undefined;
  return { method: "toa", format: "toa", raw, says: "malformed", reason };
}
