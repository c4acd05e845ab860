// @ts-check
import { compilePolicy, parseAddress, parseEndpoint, rateLimitKey, resolve, WherefromError } from "@wherefrom/core";
import { deviationOf, refusalDeviationOf } from "./deviation.mjs";
import { translate } from "./translation.mjs";

/** Who sends what a row does not say who sent it: nobody trusts this address. RFC 5737. */
const STRANGER = "198.51.100.99";

/**
 * What came of a row. "skipped": not answered, or answered differently on purpose, for the reason in `deviation`.
 * @typedef {object} Judgement
 * @property {string} id
 * @property {"passed" | "failed" | "skipped"} verdict
 * @property {string} reason "" where the row passed
 * @property {string} [deviation]
 * @property {import("@wherefrom/core").Resolution} [resolution]
 * @typedef {import("./vector.mjs").Vector} Vector
 */

/**
 * Answers one row and compares. `wire` reads the header lines.
 * @param {Vector} row
 * @param {import("./header-wire.mjs").HeaderWire} wire
 * @returns {Promise<Judgement>}
 */
export async function judge(row, wire) {
  const { id, kind } = row;
  const translation = translate(row);
  if ("skip" in translation) return { id, verdict: "skipped", reason: translation.skip };
  const policy = compile(translation.options);
  if (kind === "config-error") {
    if ("refusal" in policy) return { id, verdict: "passed", reason: "" };
    return {
      id,
      verdict: "failed",
      reason: `expected a refusal at start-up, got a policy of ${JSON.stringify(translation.options)}`,
    };
  }
  if ("refusal" in policy) {
    const { refusal } = policy;
    return differing(row, `refused: ${refusal.message}`, refusalDeviationOf(row, refusal));
  }
  const request = await wire.send(row.headers);
  if (request === undefined) return { id, verdict: "skipped", reason: "node:http refuses these header lines" };
  const peer = row.peer ?? ("stranger" in translation ? STRANGER : undefined);
  const endpoint = peer === undefined ? undefined : parseEndpoint(peer);
  const connection = {
    transport: translation.transport,
    peer: translation.transport === "unix" ? undefined : (endpoint?.address ?? peer),
    peerPort: endpoint?.port,
    claims: [],
  };
  const resolution = resolve({ connection, ...request }, policy.policy);
  if (kind === "quirk") return judgeQuirk(row, resolution);
  const difference = compare(row, resolution);
  if (difference === "") return { id, verdict: "passed", reason: "", resolution };
  return { ...differing(row, `${difference} (stop ${resolution.stop})`, deviationOf(row, resolution)), resolution };
}

/**
 * @param {import("@wherefrom/core").PolicyOptions} options
 * @returns {{ policy: import("@wherefrom/core").Policy } | { refusal: WherefromError }}
 */
function compile(options) {
  try {
    return { policy: compilePolicy(options) };
  } catch (error) {
    if (WherefromError.is(error)) return { refusal: error };
    throw error;
  }
}

/**
 * How our answer differs from the row's, or "". The answer is `client ?? nearest`; a row that wants an error wants no client.
 * @param {Vector} row
 * @param {import("@wherefrom/core").Resolution} resolution
 */
function compare(row, resolution) {
  const { client, nearest, stop, hops } = resolution;
  if (row.strategy === "rfc7239-validity") {
    const { valid } = /** @type {{ valid: boolean }} */ (row.config);
    return valid === (stop !== "malformed-hop") ? "" : `expected ${valid ? "valid" : "invalid"}`;
  }
  if (row.strategy === "rate-limit-key") return compareKey(row, resolution);
  if (row.error === true) return client === undefined ? "" : `expected no client, got ${client.address}`;
  const answer = client ?? nearest;
  const expected = canonical(row.expect);
  const got = answer?.address ?? null;
  if (got !== expected) return `expected ${expected}, got ${got}`;
  if (row.expectPort !== undefined && answer?.port !== row.expectPort)
    return `expected port ${row.expectPort}, got ${answer?.port}`;
  if (row.expectChain === undefined) return "";
  // Symfony lists what stands left of the client behind it, which nobody vouches for: the first element alone is an answer.
  const whole = !/^(?:filter-trusted:|conflict-detect)/.test(row.strategy ?? "");
  const chain = whole ? hops.map(({ endpoint }) => endpoint?.address ?? null).join() : got;
  const expectedChain = (whole ? row.expectChain : row.expectChain.slice(0, 1)).map(canonical).join();
  return chain === expectedChain ? "" : `expected the chain ${expectedChain}, got ${chain}`;
}

/**
 * The row's key is written with or without its prefix length; a row that says no length wants an IPv4 key.
 * @param {Vector} row
 * @param {import("@wherefrom/core").Resolution} resolution
 */
function compareKey(row, resolution) {
  const { ipv6Prefix } = /** @type {{ ipv6Prefix?: 48 | 56 | 60 | 64 | 128 }} */ (row.config ?? {});
  const key = rateLimitKey(resolution, ipv6Prefix === undefined ? {} : { ipv6PrefixLength: ipv6Prefix });
  const same = key === row.expect || key.split("/")[0] === canonical(row.expect);
  return same ? "" : `expected the key ${row.expect}, got ${key}`;
}

/**
 * The row's answer as we would write it; text that is no address stays as it is.
 * @param {string | null} text
 */
function canonical(text) {
  return text === null ? null : (parseAddress(text)?.text ?? text);
}

/**
 * A row that shows what a peer answers and a safe library must not. The same answer is fine where it is the peer's own address, or nobody.
 * @param {Vector} row
 * @param {import("@wherefrom/core").Resolution} resolution
 * @returns {Judgement}
 */
function judgeQuirk({ id, expect }, resolution) {
  const { client, nearest, hops } = resolution;
  const got = (client ?? nearest)?.address ?? null;
  if (got !== canonical(expect)) return { id, verdict: "passed", reason: "", resolution };
  if (got === null) return { id, verdict: "skipped", reason: "coincides: nobody is the right answer here", resolution };
  if (hops.length === 1)
    return { id, verdict: "skipped", reason: "coincides: the peer itself is the right answer here", resolution };
  return { id, verdict: "failed", reason: `followed the quirk: got ${got} (stop ${resolution.stop})`, resolution };
}

/**
 * A row that we answer differently: on purpose, or as peers differ among themselves, or wrongly.
 * @param {Vector} row
 * @param {string} difference
 * @param {string | undefined} deviation
 * @returns {Judgement}
 */
function differing({ id, kind }, difference, deviation) {
  if (deviation !== undefined) return { id, verdict: "skipped", reason: `${deviation}: ${difference}`, deviation };
  if (kind === "peer-specific") return { id, verdict: "skipped", reason: `this peer's own way: ${difference}` };
  return { id, verdict: "failed", reason: difference };
}
