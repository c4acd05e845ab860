import { found, NO_PORT, readNode } from "./address-reader.ts";
import { foundText } from "./address-text.ts";

/** An address and, where somebody named it, a port. */
export interface Endpoint {
  /** Canonical text: RFC 5952, IPv4-mapped addresses as IPv4, a link-local zone kept. */
  readonly address: string;
  /** 1 to 65535; undefined when nobody named one. Never the port of a machine in between. */
  readonly port: number | undefined;
}

/** Reads `192.0.2.1`, `192.0.2.1:443`, `2001:db8::1`, `[2001:db8::1]` and `[2001:db8::1]:443`, with no white space around; undefined for anything else. */
export function parseEndpoint(text: string): Endpoint | undefined {
  return readNode(text, 0, text.length) ? foundEndpoint(text) : undefined;
}

/** The endpoint that was just read from `text`. */
export function foundEndpoint(text: string): Endpoint {
  return { address: foundText(text), port: found.port === NO_PORT ? undefined : found.port };
}

/** `192.0.2.1:443`, `[2001:db8::1]:443` (RFC 3986, 3.2.2), or the bare address where no port is known. */
export function formatEndpoint({ address, port }: Endpoint): string {
  if (port === undefined) return address;
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}
