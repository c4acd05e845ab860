import { Agent, type AgentOptions, type ClientRequestArgs } from "node:http";
import { connect, type NetConnectOpts, type Socket } from "node:net";
import { encodeProxyV1, encodeProxyV2, type ProxyV2Header } from "@wherefrom/core/wire";

/** The header that a connection of ours begins with. Fields and checksums are version 2's; version 1 goes without. */
export interface SentProxyHeader extends Omit<ProxyV2Header, "transport"> {
  /** Default 2. */
  readonly version?: 1 | 2 | undefined;
}

/**
 * A connection that begins with a PROXY header, as a proxy makes it: the first bytes are the header's, whatever is written and whenever. Without a source
 * it is our own connection (LOCAL, or UNKNOWN in version 1). For TLS give the socket to `tls.connect({ socket })`.
 * Throws `ERR_WHEREFROM_INVALID_PROXY_HEADER`, and then nothing is connected.
 */
export function connectWithProxyHeader(options: NetConnectOpts, header: SentProxyHeader): Socket {
  const bytes = encode(header);
  const socket = connect(options);
  socket.write(bytes);
  return socket;
}

export interface ProxyProtocolAgentOptions extends AgentOptions {
  /** One header for all connections, or the one for a request: it is given the request's options, with all that the caller put there. */
  readonly header: SentProxyHeader | ((options: ClientRequestArgs) => SentProxyHeader);
}

/** Sends HTTP requests over connections that begin with a PROXY header. A kept connection is used again only for a request with the same header. */
export class ProxyProtocolAgent extends Agent {
  readonly #header: ProxyProtocolAgentOptions["header"];

  constructor({ header, ...options }: ProxyProtocolAgentOptions) {
    super(options);
    this.#header = header;
  }

  override getName(options: ClientRequestArgs = {}): string {
    return `${super.getName(options as NonNullable<Parameters<Agent["getName"]>[0]>)}:${Buffer.from(encode(this.#headerFor(options))).toString("hex")}`;
  }

  /** Called by node:http for every new connection. */
  override createConnection(options: ClientRequestArgs): Socket {
    return connectWithProxyHeader(options as NetConnectOpts, this.#headerFor(options));
  }

  #headerFor(options: ClientRequestArgs): SentProxyHeader {
    return typeof this.#header === "function" ? this.#header(options) : this.#header;
  }
}

function encode({ version = 2, ...header }: SentProxyHeader): Uint8Array {
  return version === 1 ? Buffer.from(encodeProxyV1(header)) : encodeProxyV2(header);
}
