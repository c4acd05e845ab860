// @ts-check
import { readFileSync } from "node:fs";

/**
 * A row of a vector file: who connected, what was trusted, what was sent, and who the client is. test/vectors/README.md explains the fields.
 * @typedef {object} Vector
 * @property {string} id
 * @property {string} [source]
 * @property {string} kind
 * @property {string | null} peer
 * @property {readonly string[]} [trusted]
 * @property {number} [hops]
 * @property {string} [strategy]
 * @property {readonly string[]} [prefer]
 * @property {unknown} [config]
 * @property {readonly (readonly [string, string])[]} headers
 * @property {string | null} expect
 * @property {readonly (string | null)[]} [expectChain]
 * @property {number} [expectPort]
 * @property {boolean} [error]
 * @property {string} [note]
 */

/**
 * The rows of a JSON Lines file, in order. Throws an Error that names the line where one is no row: a file that is half read proves nothing.
 * @param {string} path
 * @returns {Vector[]}
 */
export function readVectors(path) {
  const vectors = [];
  for (const [index, line] of readFileSync(path, "utf8").split("\n").entries()) {
    if (line.trim() === "") continue;
    let row;
    try {
      row = JSON.parse(line);
    } catch (error) {
      throw new Error(`${path}:${index + 1}: not JSON: ${line.slice(0, 80)}`, { cause: error });
    }
    if (!isVector(row)) throw new Error(`${path}:${index + 1}: not a vector: ${line.slice(0, 80)}`);
    vectors.push(row);
  }
  return vectors;
}

/**
 * Whether a value has what every row must have. Absent fields are undefined; `null` stands for "no address" in `peer` and `expect` alone.
 * @param {unknown} row
 * @returns {row is Vector}
 */
function isVector(row) {
  if (typeof row !== "object" || row === null) return false;
  const { id, kind, peer, headers, expect } = /** @type {Record<string, unknown>} */ (row);
  if (typeof id !== "string" || typeof kind !== "string" || !Array.isArray(headers)) return false;
  if (
    !headers.every((pair) => Array.isArray(pair) && pair.length === 2 && pair.every((text) => typeof text === "string"))
  )
    return false;
  return isTextOrNull(peer) && isTextOrNull(expect);
}

/** @param {unknown} value */
function isTextOrNull(value) {
  return value === null || typeof value === "string";
}
