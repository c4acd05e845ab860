import type { Dice } from "./dice.ts";
import {
  drawChain,
  drawDatagramSpeech,
  drawFront,
  drawList,
  drawPlainList,
  drawSingle,
  drawStreamSpeech,
  SINGLES,
} from "./draw-speech.ts";
import { FINGERPRINT, type Site, type Speech } from "./site.ts";

/** What a site may be made of. */
export interface SiteLimits {
  /** Whether the peer must be an address that a socket can be bound to here. */
  readonly isLocal: boolean;
  /** What machines of layer 4 may say; none where the list is empty. */
  readonly layer4: readonly ("proxy" | "toa" | "spp" | "udp-option")[];
}

/** A site before its machines have addresses. */
export interface SiteDraft {
  readonly form: Site["form"];
  readonly transport: Site["transport"];
  /** Nearest first. */
  readonly speeches: readonly Speech[];
  /** From which machine on they are edges of a CDN that others share; -1 where none is. */
  readonly firstEdge: number;
  /** Whether the policy names every address, so that the secret alone tells. */
  readonly isOpen: boolean;
  /** Whether the one machine is a node of the cluster; "lost": one that puts itself in the place of the client and says nothing. */
  readonly node: "none" | "told" | "lost";
  readonly secret?: NonNullable<Site["secret"]>;
  readonly certificate?: NonNullable<Site["certificate"]>;
}

const PLAIN = { transport: "tcp", firstEdge: -1, isOpen: false, node: "none" } as const;

export function drawDraft(dice: Dice, { layer4 }: SiteLimits): SiteDraft {
  const stream = layer4.filter((kind) => kind === "proxy" || kind === "toa");
  switch (dice.below(8)) {
    case 0:
      return layer4.includes("spp")
        ? { ...PLAIN, form: "trust", transport: "udp", speeches: [drawDatagramSpeech(dice, layer4)] }
        : { ...PLAIN, form: "trust", speeches: [] };
    case 1:
      return drawCounted(dice);
    case 2:
    case 3:
      return drawShared(dice, stream);
    case 4:
      return drawRare(dice);
    default: {
      const front = stream.length === 0 ? 0 : dice.pick([0, 0, 1, 1, 2]);
      const speeches = [...drawFront(dice, stream, front), ...drawChain(dice, dice.between(0, 4 - front))];
      return { ...PLAIN, form: dice.oneIn(3) ? "trust" : "rules", speeches };
    }
  }
}

/** Machines that are counted, all of which append to one list. */
function drawCounted(dice: Dice): SiteDraft {
  const header = dice.pick(["x-forwarded-for", "x-forwarded-for", "x-client-chain"]);
  return { ...PLAIN, form: "hops", speeches: dice.times(dice.between(1, 3), () => drawPlainList(dice, header)) };
}

/** A node of a cluster; or more machines than are looked at, and than the lists that are looked at have room for. */
function drawRare(dice: Dice): SiteDraft {
  if (dice.oneIn(20)) {
    const speech = drawPlainList(dice, "x-forwarded-for");
    return { ...PLAIN, form: "trust", speeches: dice.times(dice.between(8, 40), () => speech) };
  }
  return dice.oneIn(2)
    ? { ...PLAIN, form: "rules", node: "told", speeches: drawChain(dice, 1) }
    : { ...PLAIN, form: "rules", node: "lost", speeches: [{ kind: "silent" }] };
}

/** A CDN whose ranges others share: an edge, or a shield and an edge, perhaps with a machine of the operator's own in front of the service. */
function drawShared(dice: Dice, stream: readonly ("proxy" | "toa")[]): SiteDraft {
  const isShielded = dice.oneIn(3);
  const isCertified = !isShielded && dice.oneIn(4);
  // A certificate speaks for the peer alone.
  const front = isCertified ? [] : drawOwn(dice, stream);
  // A shield would write over what the edge said in a header with one value; to a list both append.
  const speech: Speech = isShielded || dice.oneIn(2) ? drawList(dice, "x-forwarded-for") : drawSingle(dice, SINGLES);
  const shape = {
    ...PLAIN,
    form: dice.pick(["rules", "trust"] as const),
    firstEdge: front.length,
    // Whoever reaches a shield without its edge would be taken for the edge, if every address may be one.
    isOpen: !isCertified && !isShielded && front.length === 0 && dice.oneIn(3),
    speeches: [...front, speech, ...(isShielded ? [speech] : [])],
  };
  if (isCertified)
    return { ...shape, certificate: dice.pick(["authorized", { fingerprint256: FINGERPRINT }] as const) };
  const value = dice.pick(["correct horse", "battery staple 0123456789", "ÄÖÜ-secret-ß"]);
  const equals = dice.pick([value, [value, "the one of last month"], ["the one of next month", value]]);
  return { ...shape, secret: { header: "x-origin-secret", value, equals, machines: isShielded ? 2 : 1 } };
}

/** Nothing, a proxy, or a machine of layer 4. */
function drawOwn(dice: Dice, stream: readonly ("proxy" | "toa")[]): Speech[] {
  switch (dice.below(3)) {
    case 0:
      return [drawList(dice, "x-forwarded-for")];
    case 1:
      return stream.length === 0 ? [] : [drawStreamSpeech(dice, stream)];
    default:
      return [];
  }
}
