import {
  type Connection,
  type ConnectionClaim,
  createPeerMemory,
  type Endpoint,
  formatEndpoint,
  parseAddress,
} from "@wherefrom/core";
import {
  parseTcpPacket,
  parseToaOptions,
  tcpSource,
  type TcpPacket,
  type ToaProduct,
  type ToaReading,
  type ToaRecord,
} from "@wherefrom/core/wire";
import { type Accepted, addressOf, isPeer, isPeerNamed, lookupOf, portOf, recordOf, synAt } from "./accepted.ts";
import { amendConnection } from "./connection-of.ts";
import type { TapDoubt } from "./toa-tap.ts";

/** What was learnt of a connection when it was accepted. */
export interface ToaEvidence {
  readonly product: ToaProduct;
  /** Whether a module is there, which may have replaced the peer's address. */
  readonly isModule: boolean;
  /** What was known before; absent where `accepted` tells the peer. */
  readonly known: Connection | undefined;
  readonly accepted: Accepted | undefined;
  /** What programs in the kernel have kept by now, where there was nothing yet and the product writes into later packets; or what a tap has seen by now. */
  readonly laterRecord: (() => ToaRecord | undefined) | undefined;
  /** Why a tap does not say what it saw. */
  readonly doubt: TapDoubt | undefined;
}

/** A connection whose first packets are parsed when somebody first asks who is at its other end. */
export class ToaConnection implements Connection {
  readonly certificate: Connection["certificate"];
  readonly memory: Connection["memory"];
  #evidence: ToaEvidence | undefined;
  #known: Connection | undefined;
  #settled: Connection | undefined;

  constructor(evidence: ToaEvidence) {
    const { known } = evidence;
    this.certificate = known?.certificate;
    this.memory = known === undefined ? createPeerMemory() : known.memory;
    this.#evidence = evidence;
    this.#known = known;
  }

  get transport(): Connection["transport"] {
    return (this.#settled ?? this.#settle()).transport;
  }

  get peer(): string | undefined {
    return (this.#settled ?? this.#settle()).peer;
  }

  get peerPort(): number | undefined {
    return (this.#settled ?? this.#settle()).peerPort;
  }

  /** They are looked for again as long as the product may still write one, and has not. */
  get claims(): readonly ConnectionClaim[] {
    return (this.#evidence === undefined ? this.#settled : this.#settle())?.claims ?? [];
  }

  #settle(): Connection {
    const evidence = this.#evidence as ToaEvidence;
    const known = (this.#known ??= knownOf(evidence.accepted as Accepted, this.memory));
    const settled = settle(known, evidence);
    this.#settled = settled;
    const isWaiting =
      evidence.laterRecord !== undefined && evidence.product.packets.includes("data") && settled === known;
    if (!isWaiting) this.#evidence = undefined;
    return settled;
  }
}

const NO_CLAIMS: readonly ConnectionClaim[] = [];

function knownOf(accepted: Accepted, memory: Connection["memory"]): Connection {
  const peerPort = portOf(accepted);
  return { transport: "tcp", peer: addressOf(accepted), peerPort, claims: NO_CLAIMS, certificate: undefined, memory };
}

/**
 * A module may have replaced the peer's address by whatever an option said. The source of the SYN, or of the packet that the programs kept, is the peer;
 * without either nothing tells it, and what the kernel calls the peer is somebody's claim. A packet that names another than the kernel does tells of a module
 * that does not show itself.
 */
function settle(known: Connection, { product, isModule, accepted, laterRecord, doubt }: ToaEvidence): Connection {
  const { claims } = known;
  const lookup = accepted === undefined ? undefined : lookupOf(accepted);
  const packet = accepted === undefined ? undefined : parseTcpPacket(accepted.bytes, synAt(accepted), accepted.to);
  const record = laterRecord === undefined ? accepted && recordOf(accepted) : laterRecord();
  const doubtful = doubt === undefined ? undefined : claimOfDoubt(doubt);
  if (accepted === undefined || (packet === undefined && record === undefined)) {
    if (!isModule) return doubtful === undefined ? known : amendConnection(known, { claims: [...claims, doubtful] });
    return amendConnection(known, { transport: "unverified", claims: [...claims, lookup ?? moduleClaim(known)] });
  }
  const own = record === undefined ? undefined : claimOfRecord(record, product);
  const source = otherPeer(accepted, packet, record);
  if (source !== undefined) {
    // Programs that stand in for a module tell what the packet told: then its own words are the claim.
    const isPacket = own?.says === "address" && own.endpoint !== undefined && isNamed(known, own.endpoint);
    const claim = lookup ?? (isPacket ? own : moduleClaim(known));
    return amendConnection(known, { peer: source.address, peerPort: source.port, claims: [...claims, claim] });
  }
  const synClaim = packet === undefined ? undefined : claimOfSyn(accepted, packet, product);
  const claim = lookup ?? synClaim ?? own ?? doubtful;
  return claim === undefined ? known : amendConnection(known, { claims: [...claims, claim] });
}

/** Something may have been said, and what it was cannot be told. */
function claimOfDoubt(reason: TapDoubt): ConnectionClaim {
  return { method: "toa", format: "toa-tap", raw: "", says: "malformed", reason };
}

/** Whether the kernel calls this endpoint the peer. A dual-stack socket writes IPv4 as mapped, and a packet has no zone. */
function isNamed({ peer = "", peerPort }: Connection, { address, port }: Endpoint): boolean {
  // Nobody connects from port 0: what stands in for a module writes it where the option has none.
  if ((peerPort === 0 ? undefined : peerPort) !== port) return false;
  if (peer === address || peer === `::ffff:${address}`) return true;
  return parseAddress(peer)?.words.join() === parseAddress(address)?.words.join();
}

/** Who sent the packets, where the kernel calls somebody else the peer. */
function otherPeer(
  accepted: Accepted,
  packet: TcpPacket | undefined,
  record: ToaRecord | undefined,
): Endpoint | undefined {
  if (packet === undefined) return record === undefined || isPeerNamed(accepted, record.peer) ? undefined : record.peer;
  const { bytes } = accepted;
  const isOwn = isPeer(accepted, bytes, packet.family, packet.sourceAt, packet.sourcePort);
  return isOwn ? undefined : tcpSource(bytes, packet);
}

/** What the module put in the peer's place. */
function moduleClaim({ peer = "", peerPort }: Connection): ConnectionClaim {
  const endpoint: Endpoint = { address: peer, port: peerPort };
  return { method: "toa", format: "toa-module", raw: formatEndpoint(endpoint), says: "address", endpoint };
}

function claimOfSyn(
  { bytes }: Accepted,
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
