import type { Dice } from "./dice.ts";
import type { Speech } from "./site.ts";

type Layer4Kind = "proxy" | "toa" | "spp" | "udp-option";
type ListSpeech = Extract<Speech, { kind: "list" }>;
type SingleSpeech = Extract<Speech, { kind: "single" }>;

/** Headers with one value, in which machines say who connected to them. */
export const SINGLES: readonly SingleSpeech["header"][] = [
  "x-real-ip",
  "cf-connecting-ip",
  "true-client-ip",
  "x-envoy-external-address",
  "x-client-address",
];

/** `mayReplace`: nothing that the machine throws away is another believed machine's. */
export function drawList(dice: Dice, header: string, mayReplace = false): ListSpeech {
  const writes = drawWriting(dice, mayReplace);
  return {
    kind: "list",
    header,
    writes,
    hasPort: dice.oneIn(4),
    isHidden: dice.oneIn(30),
    skip: dice.oneIn(8) ? 1 : 0,
  };
}

/** A list in which every machine writes one element, and the address. */
export function drawPlainList(dice: Dice, header: string): ListSpeech {
  return { ...drawList(dice, header), skip: 0, isHidden: false };
}

function drawForwarded(dice: Dice, mayReplace: boolean): Speech {
  return { kind: "forwarded", writes: drawWriting(dice, mayReplace), isHidden: dice.oneIn(12) };
}

export function drawSingle(dice: Dice, headers: readonly SingleSpeech["header"][]): SingleSpeech {
  const header = dice.pick(headers);
  return {
    kind: "single",
    header,
    form: header === "x-client-address" ? "address:port" : "address",
    hasPort: dice.oneIn(4),
    writes: dice.oneIn(10) ? "own-line" : "replaced",
  };
}

function drawWriting(dice: Dice, mayReplace: boolean): ListSpeech["writes"] {
  return dice.pick(mayReplace ? (["joined", "own-line", "replaced"] as const) : (["joined", "own-line"] as const));
}

/** Machines that speak HTTP, each in its own way. Nearest first. */
export function drawChain(dice: Dice, count: number): Speech[] {
  const list = dice.pick(["x-forwarded-for", "x-forwarded-for", "x-forwarded-for", "x-client-chain"]);
  const uniform = dice.pick([0, 0, 4, undefined, undefined, undefined]);
  const singles = [...SINGLES];
  const speeches: Speech[] = [];
  for (let index = count - 1; index >= 0; index--) {
    const isFarthest = index === count - 1;
    const kind = uniform ?? dice.below(8);
    if (kind < 4) speeches.unshift(drawList(dice, list, isFarthest));
    else if (kind === 4) speeches.unshift(drawForwarded(dice, isFarthest));
    else if (kind === 5 && count === 1) speeches.unshift({ kind: "both", list, single: "x-real-ip" });
    else if (kind === 6 && isFarthest) speeches.unshift({ kind: "silent" });
    else {
      const speech = drawSingle(dice, singles);
      // Two machines with one header of one value: the nearer one would write over the farther one's (docs/guides/one-proxy.md).
      singles.splice(singles.indexOf(speech.header), 1);
      speeches.unshift(speech);
    }
  }
  return speeches;
}

/** Machines of layer 4 in front of all others. What one writes into packets another one does not pass on, so that such a one is the nearest. */
export function drawFront(dice: Dice, kinds: readonly ("proxy" | "toa")[], count: number): Speech[] {
  const behind = kinds.filter((kind) => kind === "proxy");
  const most = behind.length === 0 ? Math.min(1, count) : count;
  return dice.times(most, (index) => drawStreamSpeech(dice, index === 0 ? kinds : behind));
}

export function drawStreamSpeech(dice: Dice, kinds: readonly ("proxy" | "toa")[]): Speech {
  if (dice.pick(kinds) === "toa") return { kind: "toa" };
  const says = dice.oneIn(10) ? dice.pick(["self", "unknown"] as const) : "client";
  return { kind: "proxy", version: dice.pick([1, 2, 2]), isTls: dice.oneIn(3), says };
}

export function drawDatagramSpeech(dice: Dice, kinds: readonly Layer4Kind[]): Speech {
  const kind = dice.pick(kinds.filter((each) => each !== "toa"));
  return kind === "proxy" ? { kind, version: 2, isTls: false, says: "client" } : { kind: kind as "spp" | "udp-option" };
}
