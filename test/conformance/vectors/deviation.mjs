// @ts-check
import { parseEndpoint } from "@wherefrom/core";

/**
 * Why we answer a row differently on purpose. `applies` looks at what the row asks and at how our walk ended, never at an id, and is as narrow as it can be:
 * what it excuses in a file that we have not seen must be the same case.
 * @typedef {object} Deviation
 * @property {string} reason
 * @property {(row: Vector, resolution: Resolution) => boolean} applies
 * @typedef {import("./vector.mjs").Vector} Vector
 * @typedef {import("@wherefrom/core").Resolution} Resolution
 */

const NOBODY = ["0.0.0.0", "::"];
const SKIPS_GARBAGE =
  /^(?:rightmost-non-private:|rightmost-global|filter-trusted:|caddy-strict|rack-ip|rails-remote-ip)/;
const ANSWERS_NULL_WHEN_ALL_ARE_TRUSTED = /^(?:pool |rightmost-trusted-range:|rightmost-non-private:|rightmost-global)/;

/** @type {readonly Deviation[]} */
const DEVIATIONS = [
  {
    reason: "the left end of a list is the client's own text",
    applies: ({ strategy = "" }) => /leftmost/.test(strategy),
  },
  {
    reason: "a zone means something on link-local addresses only",
    applies: ({ expect }, { stop, hops }) =>
      expect !== null &&
      stop === "malformed-hop" &&
      /(?:^|for=")\[?(?!fe[89ab])[0-9a-f:.]+%/i.test(hops.at(-1)?.raw ?? ""),
  },
  {
    reason:
      "in Forwarded an IPv6 address alone is read without brackets and quotes, as the AWS HTTP API and OpenShift write it",
    applies: ({ expect }, { client, hops }) =>
      client !== undefined && client.address !== expect && hops.at(-1)?.oddities?.includes("bare-ipv6") === true,
  },
  {
    reason: "in Forwarded an IPv6 address has brackets, and what has a colon has quotes (RFC 7239, 4 and 6)",
    applies: ({ expect }, { stop, hops }) =>
      expect !== null &&
      stop === "malformed-hop" &&
      /for=(?:[^";,]*[:[]|"[^"[\]]*:[^"[\]]*:)/i.test(hops.at(-1)?.raw ?? ""),
  },
  {
    reason: "text that is no address ends the walk: it is neither repaired nor stepped over",
    applies: ({ strategy = "", expect }, { stop }) =>
      SKIPS_GARBAGE.test(strategy) && stop === "malformed-hop" && expect !== null,
  },
  {
    reason: "there is no client, as the row says, and beside it the nearest verified machine is named",
    applies: ({ expect }, { client, nearest }) => expect === null && client === undefined && nearest !== undefined,
  },
  {
    reason: "where every machine is trusted the farthest one is the client",
    applies: ({ strategy = "", expect }, { stop }) =>
      expect === null && stop === "path-exhausted" && ANSWERS_NULL_WHEN_ALL_ARE_TRUSTED.test(strategy),
  },
  {
    reason: "0.0.0.0 and :: are nobody's address",
    applies: ({ expect }, { client }) => expect !== null && NOBODY.includes(expect) && client === undefined,
  },
  {
    reason: "an IPv4-compatible address (RFC 4291, 2.5.5.1) is an IPv6 address like others",
    applies: (_, { stop, hops }) => stop === "untrusted-hop" && /^::\d+\.\d+\.\d+\.\d+$/.test(hops.at(-1)?.raw ?? ""),
  },
  {
    reason: "a peer that has no address makes no claim",
    applies: ({ peer, expect }, { stop }) =>
      stop === "no-peer" && peer !== null && parseEndpoint(peer) === undefined && expect !== null,
  },
  {
    reason:
      "a list that is shorter than the count is no client; the nearest machine is the last one counted, not the peer",
    applies: ({ hops }, { stop, client }) => hops !== undefined && stop === "carrier-absent" && client === undefined,
  },
];

const HOST_BITS = "a prefix with bits behind its length is refused at start-up, with a suggestion";
const NETMASK = "a prefix is written with a length; a netmask is refused at start-up";

/**
 * The reason for which the walk answered differently, or undefined: then the row fails.
 * @param {Vector} row
 * @param {Resolution} resolution
 */
export function deviationOf(row, resolution) {
  return DEVIATIONS.find(({ applies }) => applies(row, resolution))?.reason;
}

/**
 * The reason for which the row's policy was refused, or undefined.
 * @param {Vector} row
 * @param {import("@wherefrom/core").WherefromError} refusal
 */
export function refusalDeviationOf({ trusted = [] }, refusal) {
  if (refusal.code === "ERR_WHEREFROM_HOST_BITS") return HOST_BITS;
  const netmask = trusted.some((text) => /^[^/]+\/\d+\.\d+\.\d+\.\d+$/.test(text));
  return refusal.code === "ERR_WHEREFROM_INVALID_PREFIX" && netmask ? NETMASK : undefined;
}
