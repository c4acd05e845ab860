import { type Connection, type ConnectionClaim, type Endpoint, formatEndpoint } from "@wherefrom/core";
import { createPeerMemory } from "@wherefrom/core/internal";
import {
  parseTcpPacket,
  tcpSource,
  type TcpPacket,
  TOA_LAYOUTS,
  type ToaProduct,
  type ToaRecord,
} from "@wherefrom/core/wire";
import { type Accepted, addressOf, isPeer, kernelPeerOf, lookupOf, portOf, recordOf, synAt } from "./accepted.ts";
import { amendConnection } from "../connection/connection-of.ts";
import { type ForeignOption, foreignOption } from "./foreign-option.ts";
import { type ToaSight, weighToa } from "./testimony.ts";
import type { TapReading } from "./tap.ts";

/** What was learnt of a connection when it was accepted. */
export interface ToaEvidence {
  readonly product: ToaProduct;
  /** Whether a module shows itself: then whom the kernel names may be its word also where nothing tells who is connected. A hint, and no proof of anything. */
  readonly isModuleHinted: boolean;
  /** Whether the word of a module counts alone, as no reader runs that sees what modules read. */
  readonly isModuleEnough: boolean;
  /** What was known before; absent where `accepted` tells the peer. */
  readonly known: Connection | undefined;
  readonly accepted: Accepted | undefined;
  /** The programs' record of now, where they watch, and had kept nothing at accept, and the product writes into later packets. */
  readonly laterRecord: (() => ToaRecord | undefined) | undefined;
  readonly tap: TapReading | undefined;
  /** The peer by the kernel's table of sockets, where nothing else tells it and that could be asked. */
  readonly confirmed: Endpoint | undefined;
  /** Is told of an option of another product, where nothing of the product's was found. */
  readonly onForeignOption: (connection: Connection, option: ForeignOption) => void;
}

/** A connection that parses its first packets at the first look-up of its client. */
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
    const isComing = evidence.laterRecord !== undefined || evidence.tap?.isOpen === true;
    const isOpen = settled.claims === known.claims || settled.claims.at(-1)?.reason === "unconfirmed";
    const isWaiting = isComing && isOpen && evidence.product.packets.includes("data");
    if (!isWaiting) this.#evidence = undefined;
    return settled;
  }
}

const NO_CLAIMS: readonly ConnectionClaim[] = [];
const NO_RECORDS: readonly ToaRecord[] = [];

function knownOf(accepted: Accepted, memory: Connection["memory"]): Connection {
  const peerPort = portOf(accepted);
  return { transport: "tcp", peer: addressOf(accepted), peerPort, claims: NO_CLAIMS, certificate: undefined, memory };
}

/**
 * The peer is what packets and TCP itself say: the source of the SYN, the programs' record, a handshake that the tap saw. If getpeername differs, its address is
 * a module's claim. If nothing confirms it, the peer is `unverified`.
 */
function settle(known: Connection, evidence: ToaEvidence): Connection {
  const { product, accepted, laterRecord, tap, confirmed } = evidence;
  const packet = accepted === undefined ? undefined : parseTcpPacket(accepted.bytes, synAt(accepted), accepted.to);
  const record = laterRecord?.() ?? (accepted && recordOf(accepted));
  const peer = peerOf(accepted, packet, record, tap, confirmed);
  const sights = sightsOf(accepted, packet, record, tap);
  const claim = weighToa({
    product,
    sights,
    told: accepted === undefined ? NO_CLAIMS : toldOf(accepted, peer ?? "unknown", evidence),
    isModuleEnough: evidence.isModuleEnough,
    doubt: tap?.doubt,
  });
  const claims = claim === undefined ? known.claims : [...known.claims, claim];
  if (peer === undefined) return amendConnection(known, { transport: "unverified", claims });
  const isAsNamed = peer === "as named";
  const settled = isAsNamed ? known : amendConnection(known, { peer: peer.address, peerPort: peer.port, claims });
  if (claim === undefined) {
    const foreign = foreignOption(sights);
    if (foreign !== undefined) evidence.onForeignOption(settled, foreign);
    return settled;
  }
  return isAsNamed ? amendConnection(known, { claims }) : settled;
}

/** "as named": the kernel's name is confirmed, and stays as it is written, with its zone; undefined where nothing tells. */
type Peer = Endpoint | "as named" | undefined;

function peerOf(
  accepted: Accepted | undefined,
  packet: TcpPacket | undefined,
  record: ToaRecord | undefined,
  tap: TapReading | undefined,
  confirmed: Endpoint | undefined,
): Peer {
  if (accepted === undefined) return undefined;
  if (packet !== undefined) {
    const { bytes } = accepted;
    const isNamed = isPeer(accepted, bytes, packet.family, packet.sourceAt, packet.sourcePort);
    return isNamed ? "as named" : tcpSource(bytes, packet);
  }
  const peer = record?.peer ?? confirmed;
  if (peer !== undefined) return isNamed(accepted, peer) ? "as named" : peer;
  return tap?.hasPeer === true ? "as named" : undefined;
}

/** Whether the kernel calls this endpoint the peer. */
function isNamed(accepted: Accepted, { address, port }: Endpoint): boolean {
  const named = kernelPeerOf(accepted);
  return named.address === address && named.port === port;
}

function sightsOf(
  accepted: Accepted | undefined,
  packet: TcpPacket | undefined,
  record: ToaRecord | undefined,
  tap: TapReading | undefined,
): readonly ToaSight[] {
  const sights: ToaSight[] = [];
  if (accepted !== undefined && packet !== undefined) {
    const { family, optionsFrom: from, optionsTo: to } = packet;
    sights.push({ packet: "syn", family, bytes: accepted.bytes, from, to });
  }
  if (record !== undefined) addSight(sights, record);
  for (const seen of tap?.records() ?? NO_RECORDS) addSight(sights, seen);
  return sights;
}

function addSight(to: ToaSight[], { packet, family, options }: ToaRecord): void {
  if (packet !== undefined) to.push({ packet, family, bytes: options, from: 0, to: options.length });
}

/** What a module told, where one is there: nothing of it has to be true. */
function toldOf(
  accepted: Accepted,
  peer: Endpoint | "as named" | "unknown",
  evidence: ToaEvidence,
): readonly ConnectionClaim[] {
  const lookup = lookupOf(accepted);
  const isNamedByModule = peer === "unknown" ? evidence.isModuleHinted : peer !== "as named";
  const told = lookup === undefined ? NO_CLAIMS : [lookup];
  if (!isNamedByModule || (peer === "unknown" && lookup !== undefined)) return told;
  const { address, port } = kernelPeerOf(accepted);
  // A module that reads options without a port leaves the balancer's where it was.
  const isBalancers = typeof peer === "object" && peer.port === port && mayLackPort(evidence.product);
  const endpoint: Endpoint = { address, port: port === 0 || isBalancers ? undefined : port };
  const named: ConnectionClaim = {
    method: "toa",
    format: "toa-module",
    raw: formatEndpoint(endpoint),
    says: "address",
    endpoint,
  };
  return [...told, named];
}

function mayLackPort({ options }: ToaProduct): boolean {
  return options.some(
    ({ layout }) => TOA_LAYOUTS[layout].address !== undefined && TOA_LAYOUTS[layout].port === undefined,
  );
}
