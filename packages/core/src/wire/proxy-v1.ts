import { found, readAddress, readPort } from "../address-reader.ts";
import { foundText } from "../address-text.ts";
import type { ConnectionClaim } from "../claim.ts";
import type { Endpoint } from "../endpoint.ts";

/** Longest line with its CRLF, in bytes (specification, 2.1). */
export const PROXY_V1_LIMIT_BYTES = 107;

/** Where the family stands, behind "PROXY ". */
const FAMILY_AT = 6;

/** What is wrong with a line: its words, an address that is none of its family, or a port that is none. */
export type ProxyV1Fault = "bad-line" | "bad-address" | "bad-port";

/**
 * A line without its CRLF. One space between words; addresses strict and of the family that is named; ports decimal without leading zeros. What stands
 * behind UNKNOWN is not looked at: the sender does not know (specification, 2.1).
 */
export function parseProxyV1(line: string): ConnectionClaim | ProxyV1Fault {
  if (!line.startsWith("PROXY ")) return "bad-line";
  if (line.startsWith("UNKNOWN", FAMILY_AT) && (line.length === FAMILY_AT + 7 || line[FAMILY_AT + 7] === " ")) {
    return { method: "proxy-protocol", format: "proxy-v1", raw: line, says: "unknown" };
  }
  const family = line.startsWith("TCP4 ", FAMILY_AT) ? 4 : line.startsWith("TCP6 ", FAMILY_AT) ? 6 : 0;
  if (family === 0) return "bad-line";
  const source = FAMILY_AT + 5;
  const destination = line.indexOf(" ", source) + 1;
  const sourcePort = line.indexOf(" ", destination) + 1;
  const destinationPort = line.indexOf(" ", sourcePort) + 1;
  // A word that is missing begins the search anew, before its place.
  const isWhole = source < destination && destination < sourcePort && sourcePort < destinationPort;
  if (!isWhole || line.includes(" ", destinationPort)) return "bad-line";
  const from = readEndpoint(line, source, destination - 1, sourcePort, destinationPort - 1, family);
  if (typeof from === "string") return from;
  const to = readEndpoint(line, destination, sourcePort - 1, destinationPort, line.length, family);
  if (typeof to === "string") return to;
  return {
    method: "proxy-protocol",
    format: "proxy-v1",
    raw: line,
    says: "address",
    endpoint: from,
    destination: to,
  };
}

/** The address in line[from, to) and the port in line[portFrom, portTo). */
function readEndpoint(
  line: string,
  from: number,
  to: number,
  portFrom: number,
  portTo: number,
  family: 4 | 6,
): Endpoint | ProxyV1Fault {
  if (!readAddress(line, from, to) || found.zone >= 0) return "bad-address";
  if ((found.family === 6 || found.mapped ? 6 : 4) !== family) return "bad-address";
  const address = foundText(line);
  const port = readPort(line, portFrom, portTo);
  if (port < 0) return "bad-port";
  // Nobody connects from port 0: it says that no port was named.
  return { address, port: port === 0 ? undefined : port };
}
