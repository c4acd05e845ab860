import { type ConnectionClaim, formatEndpoint, parseAddress } from "@wherefrom/core";
import { parseToaOptions, type ToaPacket, type ToaProduct, type ToaReading } from "@wherefrom/core/wire";
import type { TapDoubt } from "./tap.ts";

/** One packet of a connection, as one reader saw it: its options are bytes[from, to). */
export interface ToaSight {
  readonly packet: ToaPacket;
  /** IP version of the packet. */
  readonly family: 4 | 6;
  readonly bytes: Uint8Array;
  readonly from: number;
  readonly to: number;
}

/** All that was said of the client of one connection. */
export interface ToaTestimony {
  readonly product: ToaProduct;
  /** Of every reader, in any order. */
  readonly sights: readonly ToaSight[];
  /** What a kernel module told: its look-up's answer, and whom getpeername names, where that is not who is connected. It has read one packet, and does not say which. */
  readonly told: readonly ConnectionClaim[];
  /** Whether the module's word counts alone: no reader runs that sees what the module reads. */
  readonly isModuleEnough: boolean;
  /** Why a tap does not say what it saw. */
  readonly doubt: TapDoubt | undefined;
}

/**
 * Why a claim that counts is not all that was said.
 * - `module-differs`: a kernel module names an address that the packet that counts does not name: it has read another packet, or none.
 * - `packet-differs`: another packet of the connection names another address in such an option: one that the client wrote.
 */
type Oddity = "module-differs" | "packet-differs";

/** Kinds that hosts send of themselves (IANA's registry), in which no balancer hides an address: MSS, window scale, SACK, timestamps. */
const HOSTS_KINDS: readonly number[] = [2, 3, 4, 5, 8];
const END_OF_OPTIONS = 0;
const NO_OPERATION = 1;

/**
 * The claim that counts, or undefined without any claim. The product's rule says which packets count, and which of them first: a SYN before the handshake's last
 * packet, that before data. Readers of one packet must agree, and a module with them, where that packet names whom it names: else the claim is a conflict. What other packets
 * say is a warning, so that a client cannot hide itself by its own option.
 */
export function weighToa(testimony: ToaTestimony): ConnectionClaim | undefined {
  const { product, sights, told, doubt } = testimony;
  if (told.length === 0 && sights.length < 2) {
    // Nearly every connection is such, and nothing is to be compared.
    const [sight] = sights;
    const claim = sight && claimOf(read(sight, product, sight.packet));
    return claim === undefined && doubt !== undefined ? claimOfDoubt(doubt) : claim;
  }
  const claims = product.packets.map((packet) => claimOfPacket(product, packet, sights)).filter(isThere);
  const conflict = claims.find(({ claim }) => claim.rivals !== undefined);
  if (conflict !== undefined) return conflict.claim;
  const counting = claims.find(isPlain) ?? claims.find(isRead) ?? claims[0];
  if (counting === undefined) return doubt === undefined ? weighModule(testimony) : claimOfDoubt(doubt);
  const { claim, packet } = counting;
  if (claim.says !== "address") return claim;
  const oddities: Oddity[] = [];
  for (const word of told) {
    if (isSame(word, claim)) continue;
    if (sights.some((sight) => sight.packet === packet && carries(sight, word))) return conflictOf(claim, word);
    if (!oddities.includes("module-differs")) oddities.push("module-differs");
  }
  if (sights.some((sight) => sight.packet !== packet && differs(product, sight, claim)))
    oddities.push("packet-differs");
  return oddities.length === 0 ? claim : { ...claim, oddities: [...(claim.oddities ?? []), ...oddities] };
}

/** What is said where no packet says anything. */
function weighModule({ product, sights, told, isModuleEnough }: ToaTestimony): ConnectionClaim | undefined {
  const [word, ...others] = told;
  if (word === undefined) return undefined;
  const other = others.find((each) => !isSame(each, word));
  if (other !== undefined) return conflictOf(word, other);
  // Modules read the handshake's last packet, and one reads SYNs: under SYN cookies it takes a window for an address. What the SYN has, and no balancer wrote there, is a client's.
  const isWritten = product.packets.some((packet) => packet !== "syn");
  const isOfSyn = sights.some((sight) => sight.packet === "syn" && carries(sight, word));
  if (isModuleEnough && isWritten && !isOfSyn) return word;
  return { method: "toa", format: word.format, raw: word.raw, says: "malformed", reason: "unconfirmed" };
}

/** A claim, and the packet that it stood in. */
interface PacketClaim {
  readonly packet: ToaPacket;
  readonly claim: ConnectionClaim;
}

/** What readers read in this packet; undefined where nothing of the product's is in it. */
function claimOfPacket(product: ToaProduct, packet: ToaPacket, sights: readonly ToaSight[]): PacketClaim | undefined {
  let claim: ConnectionClaim | undefined;
  for (const sight of sights) {
    if (sight.packet !== packet) continue;
    const other = claimOf(read(sight, product, packet));
    if (claim === undefined) claim = other;
    else if (other !== undefined && !isSame(other, claim)) return { packet, claim: conflictOf(claim, other) };
  }
  return claim && { packet, claim };
}

/** What the product says in the packet, as in one of this kind. */
function read({ bytes, family, from, to }: ToaSight, product: ToaProduct, packet: ToaPacket): ToaReading {
  return parseToaOptions(bytes, product, packet, family, from, to);
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

const isThere = (each: PacketClaim | undefined): each is PacketClaim => each !== undefined;
const isRead = ({ claim }: PacketClaim): boolean => claim.says !== "malformed";
/** One that no client can have put in the balancer's place. */
const isPlain = (each: PacketClaim): boolean => isRead(each) && each.claim.oddities?.includes("no-room") !== true;

/** Ports do not matter: a module may leave the balancer's where the option has none. */
function isSame(one: ConnectionClaim, other: ConnectionClaim): boolean {
  if (one.says !== other.says || one.reason !== other.reason) return false;
  return one.endpoint?.address === other.endpoint?.address && (one.endpoint !== undefined || one.raw === other.raw);
}

/** Whether the packet, which may count or not, has such an option with another address. */
function differs(product: ToaProduct, sight: ToaSight, { endpoint }: ConnectionClaim): boolean {
  const reading = read(sight, product, product.packets[0] as ToaPacket);
  return reading.ok && reading.claim.endpoint?.address !== endpoint?.address;
}

/** Whether an option of the packet, of any kind that hosts do not send of themselves, has the claimed address in it. */
function carries({ bytes, from, to }: ToaSight, { endpoint }: ConnectionClaim): boolean {
  const options = bytes.subarray(from, to);
  const address = bytesOf(endpoint?.address ?? "");
  if (address.length === 0) return false;
  for (let at = 0; at < options.length && options[at] !== END_OF_OPTIONS;) {
    const kind = options[at] as number;
    if (kind === NO_OPERATION) {
      at++;
      continue;
    }
    const end = at + (options[at + 1] ?? 0);
    // An option that cannot be parsed may name any address.
    if (end < at + 2 || end > options.length) return holds(options.subarray(at), address);
    if (!HOSTS_KINDS.includes(kind) && holds(options.subarray(at + 2, end), address)) return true;
    at = end;
  }
  return false;
}

/** The address as it stands in a packet, in network order; none for what is no address. */
function bytesOf(text: string): Uint8Array {
  const words = parseAddress(text)?.words ?? [];
  return Uint8Array.from(
    words.flatMap((word) => [word >>> 24, (word >>> 16) & 0xff, (word >>> 8) & 0xff, word & 0xff]),
  );
}

function holds(bytes: Uint8Array, wanted: Uint8Array): boolean {
  for (let from = 0; from + wanted.length <= bytes.length; from++) {
    if (wanted.every((byte, index) => bytes[from + index] === byte)) return true;
  }
  return false;
}

/** Something may have been said, and what it was cannot be told. */
function claimOfDoubt(reason: TapDoubt): ConnectionClaim {
  return { method: "toa", format: "toa-tap", raw: "", says: "malformed", reason };
}

function conflictOf(one: ConnectionClaim, other: ConnectionClaim): ConnectionClaim {
  const raw = [one, other].map(describe).join(" | ");
  return { method: "toa", format: "toa", raw, says: "malformed", reason: "conflict", rivals: [one, other] };
}

function describe({ format, raw, endpoint, reason }: ConnectionClaim): string {
  return `${format} ${endpoint === undefined ? (reason ?? raw) : formatEndpoint(endpoint)}`;
}
