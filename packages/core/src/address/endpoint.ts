import { FoundAddress, NO_PORT } from "./found.ts";
import { readNode } from "./node.ts";
import { foundText } from "./text.ts";

const own = new FoundAddress();

/** An address and, where it is known, a port. */
export interface Endpoint {
  /** Canonical text: RFC 5952, IPv4-mapped addresses as IPv4, a link-local zone kept. */
  readonly address: string;
  /** 1 to 65535; undefined when no hop named one. Never the port of a machine in between. */
  readonly port: number | undefined;
}

/** Reads `192.0.2.1`, `192.0.2.1:443`, `2001:db8::1`, `[2001:db8::1]` and `[2001:db8::1]:443`, with no white space around; undefined for anything else. */
export function parseEndpoint(text: string): Endpoint | undefined {
  return readNode(own, text, 0, text.length) ? foundEndpoint(own, text) : undefined;
}

/** The endpoint that was just read from `text`. */
export function foundEndpoint(found: FoundAddress, text: string): Endpoint {
  return { address: foundText(found, text), port: found.port === NO_PORT ? undefined : found.port };
}

/** `192.0.2.1:443`, `[2001:db8::1]:443` (RFC 3986, 3.2.2), or the bare address where no port is known. */
export function formatEndpoint({ address, port }: Endpoint): string {
  if (port === undefined) return address;
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}
