import { Agent, type AgentOptions, type ClientRequestArgs } from "node:http";
import { Agent as HttpsAgent, type AgentOptions as HttpsAgentOptions, type RequestOptions } from "node:https";
import { connect, type NetConnectOpts, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import {
  anything,
  callback,
  checkOptions,
  checkOwnOptions,
  checkValue,
  either,
  flag,
  invalidProxyHeader,
  isOptionObject,
  listOf,
  oneOf,
  required,
  type Shape,
  type Shapes,
} from "@wherefrom/core/internal";
import { encodeProxyV1, encodeProxyV2, type ProxyV2Header } from "@wherefrom/core/wire";

/**
 * The header that a connection of ours begins with. Fields and checksums are version 2's, and refused in version 1. Write version 2: Apache, Varnish, Postfix and Traffic Server refuse a
 * version 1 without a source.
 */
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
  // Node's options are Node's to check.
  checkValue("connectWithProxyHeader: the options", options, CONNECT_OPTIONS);
  const bytes = encode(header);
  const socket = connect(options);
  socket.write(bytes);
  return socket;
}

const FAULT = "ERR_WHEREFROM_INVALID_PROXY_HEADER";
const CONNECT_OPTIONS: Shape = {
  expected: "what net.connect takes, { host, port } or { path }",
  fits: (value) => typeof value === "object" && value !== null && !Array.isArray(value),
};
/** Of what its keys are is looked at where it is written. */
const HEADER: Shape = { expected: "{ source, destination }, or {} for a connection of your own", fits: isOptionObject };
/** What is in the values is looked at where they are written. */
const HEADER_SHAPES: Shapes<SentProxyHeader> = {
  version: oneOf(1, 2),
  source: anything,
  destination: anything,
  tlvs: listOf(anything),
  checksum: flag,
};

/** The header, and the options of `http.Agent`. */
export interface ProxyProtocolAgentOptions extends AgentOptions {
  /** One header for all connections, or the one for a request: it is given the request's options, with all that the caller put there. */
  readonly header: SentProxyHeader | ((options: ClientRequestArgs) => SentProxyHeader);
}

type OwnOptions = Pick<ProxyProtocolAgentOptions, "header">;

const AGENT_SHAPES: Shapes<OwnOptions> = { header: required(either(HEADER, callback)) };

/** What Node 26 takes for an agent and for the connections that it makes. */
const AGENT_KEYS: readonly string[] =
  "keepAlive keepAliveMsecs agentKeepAliveTimeoutBuffer maxSockets maxTotalSockets maxFreeSockets scheduling timeout proxyEnv defaultPort protocol host port path family hints lookup localAddress localPort noDelay keepAliveInitialDelay autoSelectFamily autoSelectFamilyAttemptTimeout blockList signal onread allowHalfOpen highWaterMark".split(
    " ",
  );

/** Sends HTTP requests over connections that begin with a PROXY header. A kept connection is used again only for a request with the same header. */
export class ProxyProtocolAgent extends Agent {
  readonly #header: ProxyProtocolAgentOptions["header"];

  /** Throws for a header that cannot be written, and for a misspelt option. */
  constructor(options: ProxyProtocolAgentOptions) {
    checkOwnOptions<OwnOptions>("ProxyProtocolAgent", options, AGENT_SHAPES, AGENT_KEYS);
    const { header, ...rest } = options;
    if (typeof header !== "function") encode(header);
    super(rest);
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

/** The header, and the options of `https.Agent`. */
export interface ProxyProtocolHttpsAgentOptions extends HttpsAgentOptions {
  /** As `ProxyProtocolAgentOptions` has it. The header stands before the TLS handshake. */
  readonly header: SentProxyHeader | ((options: RequestOptions) => SentProxyHeader);
}

/** Sends HTTPS requests over connections that begin with a PROXY header, before TLS. A kept connection is used again only for a request with the same header. */
export class ProxyProtocolHttpsAgent extends HttpsAgent {
  readonly #header: ProxyProtocolHttpsAgentOptions["header"];

  /** Throws for a header that cannot be written, and for a misspelt option. */
  constructor(options: ProxyProtocolHttpsAgentOptions) {
    checkOwnOptions<OwnOptions>("ProxyProtocolHttpsAgent", options, AGENT_SHAPES, HTTPS_AGENT_KEYS);
    const { header, ...rest } = options;
    if (typeof header !== "function") encode(header);
    super(rest);
    this.#header = header;
  }

  override getName(options: RequestOptions = {}): string {
    return `${super.getName(options)}:${Buffer.from(encode(this.#headerFor(options))).toString("hex")}`;
  }

  /** Called by node:https for every new connection. */
  override createConnection(
    options: RequestOptions,
    callback?: (error: Error | null, stream: Duplex) => void,
  ): Duplex | null | undefined {
    const socket = connectWithProxyHeader(plainOptions(options), this.#headerFor(options));
    return super.createConnection({ ...options, socket } as RequestOptions, callback);
  }

  #headerFor(options: RequestOptions): SentProxyHeader {
    return typeof this.#header === "function" ? this.#header(options) : this.#header;
  }
}

/** What Node 26 takes for TLS besides (tls.connect, tls.createSecureContext). */
const HTTPS_AGENT_KEYS: readonly string[] = [
  ...AGENT_KEYS,
  ..."maxCachedSessions servername rejectUnauthorized ca cert key pfx passphrase ciphers sigalgs crl dhparam ecdhCurve honorCipherOrder secureOptions secureProtocol secureContext sessionIdContext sessionTimeout ticketKeys minVersion maxVersion ALPNProtocols checkServerIdentity session minDHSize pskCallback enableTrace requestOCSP allowPartialTrustChain clientCertEngine privateKeyEngine privateKeyIdentifier".split(
    " ",
  ),
];

/** What connects, without what is for TLS. */
function plainOptions({ host, port, socketPath, localAddress, family, lookup }: RequestOptions): NetConnectOpts {
  const options = socketPath ? { path: socketPath } : { host, port: Number(port), localAddress, family, lookup };
  return options as NetConnectOpts;
}

function encode(sent: SentProxyHeader): Uint8Array {
  checkOptions<SentProxyHeader>("the PROXY header", sent, HEADER_SHAPES, FAULT);
  const { version = 2, source, destination, tlvs, checksum } = sent;
  if (version === 1 && ((tlvs !== undefined && tlvs.length > 0) || checksum === true)) {
    throw invalidProxyHeader(`version 1 has no fields and no checksum: write version: 2`);
  }
  return version === 1
    ? Buffer.from(encodeProxyV1({ source, destination }))
    : encodeProxyV2({ source, destination, tlvs, checksum });
}
