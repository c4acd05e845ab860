// @ts-check
import { parseEndpoint } from "@wherefrom/core";
import { NOT_GLOBAL } from "./not-global.mjs";

/**
 * A row said in our words: a policy and a transport, or why it cannot be said.
 * @typedef {{ options: import("@wherefrom/core").PolicyOptions, transport: "tcp" | "unix", stranger?: true } | { skip: string }} Translation
 * @typedef {import("./vector.mjs").Vector} Vector
 * @typedef {import("@wherefrom/core").Says} Says
 */

const XFF = "x-forwarded-for";
/** For rows whose machines are counted, or where everything is trusted, and no range is given. */
const ANYBODY = ["0.0.0.0/0", "::/0", "unix"];
/** Rows ask what a list says, whichever machines are trusted: also where that is every machine. */
const WIDE = { originIsPrivate: true };

/** @type {readonly (readonly [RegExp, (vector: Vector, header: string) => Translation])[]} */
const STRATEGIES = [
  [
    /^$/,
    (row) =>
      (row.hops === undefined ? walk : counted)(row, trusted(row), row.source?.includes("7239") ? "forwarded" : XFF),
  ],
  [/^(.+) only$/, (row, header) => walk(row, trusted(row), carrierOf(header))],
  [/^chain-only$/, (row) => walk(row, ANYBODY, XFF)],
  [/^remote-addr$/, (row) => walk(row, [], XFF)],
  [/^preset:cloudflare$/, (row) => walk(row, trusted(row), "cf-connecting-ip")],
  [/^single-header(?:-with-port)?:(.+)$/, (row, header) => walk(row, row.trusted ?? speaker(row), carrierOf(header))],
  [/^rightmost-trusted-range:(.+)$/, (row, header) => walk(row, [...trusted(row), ...unix(row)], carrierOf(header))],
  [/^filter-trusted:(.+)$/, (row, header) => walk(row, trusted(row), carrierOf(header))],
  [/^pool \(/, (row) => walk(row, [...trusted(row), ...speaker(row)], XFF)],
  [
    /^(?:left|right)most-non-private:(.+)$/,
    (row, header) => walk(row, [...NOT_GLOBAL, ...speaker(row)], carrierOf(header)),
  ],
  [/^conflict-detect$/, (row) => walk(row, trusted(row), { all: ["forwarded", XFF] })],
  [/^caddy-.*unix trusted$/, (row) => walk({ ...row, peer: null }, [...trusted(row), "unix"], preferred(row))],
  [/^caddy-/, (row) => walk(row, trusted(row), preferred(row))],
  [/^rightmost:(.+)$/, (row, header) => count(row, 1, ANYBODY, carrierOf(header))],
  [/^rightmost-trusted-count:(.+)$/, (row, header) => count(row, row.hops, ANYBODY, carrierOf(header))],
  [/^depth \(1 = rightmost\)$|^rightmost-nth$|^forward-limit \(/, (row) => count(row, row.hops, ANYBODY, XFF)],
  [/^skip-rightmost$/, (row) => count(row, (row.hops ?? 0) + 1, ANYBODY, XFF)],
  [/^ranges\+limit$/, (row) => count(row, row.hops, trusted(row), XFF)],
  [/^one step \(recursive off\)$/, (row) => count(row, 1, trusted(row), XFF)],
  [/^rfc7239-(?:validity|node)$/, (row) => walk(row, speaker(row), "forwarded", true)],
  // Everything sent by a stranger: what these believe of anybody, we must not.
  [/^any-header-leftmost|^leftmost(?:-valid)?$/, () => ({ options: { trust: [] }, transport: "tcp", stranger: true })],
  [/^(?:rack-ip|rails-remote-ip(?: \(spoof check off\))?)$/, (row) => walk(row, [...trusted(row), ...unix(row)], XFF)],
  [/^rightmost-global$/, (row) => global(row, [...trusted(row), ...NOT_GLOBAL, ...unix(row)], XFF)],
  [/^global-peer$/, (row) => global(row, [], XFF)],
  [/^platform:cloudflare$/, (row) => global(row, row.trusted ?? speaker(row), "cf-connecting-ip")],
  [/^rate-limit-key$/, (row) => walk(row, trusted(row), XFF)],
  [/^ipware-/, () => ({ skip: "reads the list from the client's end, in whatever header it finds" })],
  [
    /^chain$/,
    () => ({ skip: "reads the next header where one is silent, so that the client chooses which one counts" }),
  ],
  [/ regexp /, () => ({ skip: "names machines by a regular expression" })],
];

/** Strategies whose `config` is known: judge.mjs reads it. */
const CONFIGURED = new Set(["rfc7239-validity", "rate-limit-key"]);

/**
 * The policy under which a row is answered. Never throws: what the operator got wrong shows when it is compiled.
 * @param {Vector} row
 * @returns {Translation}
 */
export function translate(row) {
  const strategy = row.strategy ?? "";
  for (const [pattern, says] of STRATEGIES) {
    const match = pattern.exec(strategy);
    if (match === null) continue;
    const translation = says(row, match[1] ?? "");
    if ("skip" in translation || row.config === undefined || CONFIGURED.has(strategy)) return translation;
    return { skip: `the config ${JSON.stringify(row.config)} is unknown` };
  }
  return { skip: `the strategy ${JSON.stringify(strategy)} is unknown` };
}

/**
 * @param {Vector} row
 * @param {readonly string[]} trust
 * @param {Says | undefined} from
 * @param {boolean} [byPipe] for rows about the header alone
 * @returns {Translation}
 */
function walk(row, trust, from, byPipe = false) {
  if (from === undefined)
    return { skip: "reads the first of several headers that is present, so that the client chooses which one counts" };
  const transport = byPipe || (row.peer === null && trust.includes("unix")) ? "unix" : "tcp";
  return { options: { trust, from, ...WIDE }, transport };
}

/**
 * @param {Vector} row
 * @param {number | undefined} hops
 * @param {readonly string[]} peers
 * @param {import("@wherefrom/core").ListHeaderOption} from
 * @returns {Translation}
 */
function count(row, hops, peers, from) {
  if (hops === undefined) return { skip: "counts machines, and no count is given" };
  if (hops === 0) return walk(row, [], XFF);
  const transport = row.peer === null && peers.includes("unix") ? "unix" : "tcp";
  return { options: { hops, peers, from, ...WIDE }, transport };
}

/**
 * @param {Vector} row
 * @param {readonly string[]} peers
 * @param {import("@wherefrom/core").ListHeaderOption} from
 */
function counted(row, peers, from) {
  return count(row, row.hops, peers, from);
}

/**
 * Rows in which an address that is not global is nobody's client.
 * @param {Vector} row
 * @param {readonly string[]} trust
 * @param {Says} from
 * @returns {Translation}
 */
function global(row, trust, from) {
  const translation = walk(row, trust, from);
  if ("skip" in translation) return translation;
  return { ...translation, options: { ...translation.options, infrastructure: NOT_GLOBAL } };
}

/** @param {Vector} row */
function trusted(row) {
  return row.trusted ?? [];
}

/**
 * The machine that wrote the header, in rows which do not ask who that was.
 * @param {Vector} row
 */
function speaker({ peer }) {
  return peer === null ? ["unix"] : [parseEndpoint(peer)?.address ?? peer];
}

/**
 * A peer without an address, in rows which believe it.
 * @param {Vector} row
 */
function unix({ peer }) {
  return peer === null ? ["unix"] : [];
}

/**
 * @param {string} header
 * @returns {import("@wherefrom/core").ListHeaderOption}
 */
function carrierOf(header) {
  const name = header.toLowerCase();
  return name === "forwarded" ? name : { header: name };
}

/**
 * @param {Vector} row
 * @returns {import("@wherefrom/core").ListHeaderOption | undefined}
 */
function preferred({ prefer = [XFF], kind }) {
  const [header] = prefer;
  if (prefer.length !== 1 || header === undefined) return kind === "quirk" ? XFF : undefined;
  return carrierOf(header);
}
