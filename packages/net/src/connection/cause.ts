/** What may be wrong between a service and the machines in front of it. `wherefrom doctor` finds each by probes, and a running service some of them by plain traffic. */
export interface Cause {
  /** How bad it is where nothing says otherwise. "error": clients are unknown, or can name themselves. "warning": a part of the proof fails. "note": nothing is wrong. */
  readonly severity: "error" | "warning" | "note";
  /** What it is, in one sentence. */
  readonly meaning: string;
  /** What to do. Absent where nothing is to be done. */
  readonly fix?: string;
}

const TABLE = {
  "trust-everybody": {
    severity: "error",
    meaning: "The policy believes a prefix that covers half of the Internet or more.",
    fix: "Name the addresses of your proxies.",
  },
  "trust-covers-clients": {
    severity: "error",
    meaning: "A client's address is inside a prefix that the policy believes.",
    fix: `Name the addresses of your proxies, or carve out the clients' prefix with a rule that says "nothing".`,
  },
  "client-forgeable": {
    severity: "error",
    meaning: "A client can name itself, and no narrower cause explains it.",
    fix: "Name the addresses of your proxies, and a header that they write.",
  },
  "carrier-passed-through": {
    severity: "error",
    meaning: "The policy reads a header that arrives as the client wrote it.",
    fix: "Read a header that the proxy writes, or let the proxy overwrite this one.",
  },
  "carrier-set-if-absent": {
    severity: "error",
    meaning: "The proxy writes the header only where the client has not written it.",
    fix: "Let the proxy append to it or overwrite it, without a condition.",
  },
  "carrier-copied": {
    severity: "error",
    meaning: "The proxy copies another header of the client's into the one that the policy reads.",
    fix: "Let the proxy write the address of its own peer.",
  },
  "edge-believes-client": {
    severity: "error",
    meaning: "A proxy believes the client's own header, and passes on that address in place of the client's.",
    fix: "Narrow what that proxy trusts: set_real_ip_from of nginx, trusted_proxies of Caddy, RemoteIPInternalProxy of Apache.",
  },
  "carrier-missing": {
    severity: "error",
    meaning: "A believed machine does not send the header that the policy reads.",
    fix: "Read a header that it sends, or let it send this one. nginx drops names with an underscore.",
  },
  "carriers-disagree": {
    severity: "error",
    meaning: "The header that the policy reads names a machine, and another header names the client.",
    fix: "Read the other header, if the proxy writes it whatever the client sends.",
  },
  "proxy-unnamed": {
    severity: "error",
    meaning: "A machine stands in front of the service, and no rule names it.",
    fix: "Name it in the policy.",
  },
  "cdn-unnamed": {
    severity: "error",
    meaning: "A machine of a CDN stands in front of the service, and no rule names it.",
    fix: "Use the preset of the vendor, with a secret that it sends.",
  },
  "stale-ranges": {
    severity: "error",
    meaning: "The policy has old ranges of a vendor, or ranges without the machine that stands in front.",
    fix: "Fetch the ranges anew.",
  },
  "hop-count-low": {
    severity: "error",
    meaning: "More machines stand in front than the policy counts.",
    fix: "Count them right, or name them.",
  },
  "hop-count-high": {
    severity: "error",
    meaning: "Fewer machines stand in front than the policy counts.",
    fix: "Count them right, or name them.",
  },
  "edge-appends-itself": {
    severity: "error",
    meaning: "The proxy appends its own address behind the client's.",
    fix: `Write from: { header: "x-forwarded-for", skip: 1 }, or name that address.`,
  },
  "unix-unnamed": {
    severity: "error",
    meaning: "The proxy connects over a Unix socket, and no rule names it.",
    fix: `Name "unix" in the policy.`,
  },
  "port-without-brackets": {
    severity: "error",
    meaning: "The proxy writes an IPv6 address and a port without brackets.",
    fix: `Let the proxy write brackets, or read the header in the form "address:port".`,
  },
  "address-lost": {
    severity: "error",
    meaning: "The client's address does not arrive: something in front replaces it.",
    fix: `Keep it (externalTrafficPolicy: Local, no source NAT), or let the proxy send it: in a header, or by the PROXY protocol. Until then name the machine in "infrastructure".`,
  },
  "edge-says-nothing": {
    severity: "error",
    meaning: "A proxy of HTTP stands in front and sends the client's address in no header.",
    fix: "Let it append the client to X-Forwarded-For.",
  },
  "edge-anonymous": {
    severity: "error",
    meaning: `The proxy writes "unknown" or an obfuscated name in place of the client's address.`,
    fix: "Let it write the address.",
  },
  "infrastructure-covers-clients": {
    severity: "error",
    meaning: `The client's address arrives, and is inside a prefix of "infrastructure".`,
    fix: `Narrow "infrastructure".`,
  },
  "header-limit": {
    severity: "error",
    meaning: "Behind many header lines of the client's, the proxy's own line is not read.",
    fix: "Set server.maxHeadersCount = 0; the size of all headers stays limited.",
  },
  "carrier-strippable": {
    severity: "error",
    meaning: "A client can make the proxy remove the header that the policy reads, by naming it in Connection.",
    fix: `Let the proxy set the header after it has removed those that Connection names; and write silent: "unknown".`,
  },
  "connection-shared": {
    severity: "error",
    meaning:
      "The proxy sends requests of several clients over one connection, whose PROXY header or TOA option names the first.",
    fix: "Switch off the reuse of upstream connections, or read a header.",
  },
  "proxy-header-missing": {
    severity: "error",
    meaning: "The server demands a PROXY header, and the machine in front sends none.",
    fix: "Switch it on at the balancer, or leave out proxyProtocol.",
  },
  "proxy-header-unread": {
    severity: "error",
    meaning: "The machine in front sends a PROXY header, and the server does not read it.",
    fix: `Write wherefrom(server, policy, { proxyProtocol: "required" }), with a rule that says "proxy-protocol".`,
  },
  "proxy-header-demanded": {
    severity: "error",
    meaning:
      "The public port answers only connections that begin with a PROXY header, and no machine in front writes one.",
    fix: "Take proxy_protocol from the port that clients reach, or put the balancer in front of it.",
  },
  "proxy-header-believed": {
    severity: "error",
    meaning: "A PROXY header that the client wrote itself is believed.",
    fix: "Let only the balancer reach a port that reads PROXY headers, and let it write its own.",
  },
  "tls-unread": {
    severity: "error",
    meaning: "The machine in front speaks TLS, and the server does not.",
    fix: "Create the server with https.createServer, or let the machine in front end TLS.",
  },
  "tls-missing": {
    severity: "error",
    meaning: "The server speaks TLS, and the machine in front does not begin with it.",
    fix: "Create the server with http.createServer, or read the PROXY header that stands in front of TLS.",
  },
  "round-the-proxy": {
    severity: "error",
    meaning: "Who reaches the service's own port can name itself.",
    fix: "Close that port for everything but the proxy.",
  },
  "demand-unmet": {
    severity: "error",
    meaning: "A rule names the machine in front, and what the rule demands of it does not arrive.",
    fix: `Let the machine send the header of "with" with the policy's value, or correct "with".`,
  },
  "client-unknown": {
    severity: "error",
    meaning: "The client of an honest request stays unknown.",
    fix: "See the stop.",
  },
  "no-answer": {
    severity: "error",
    meaning: "No probe was answered by the service.",
    fix: "See whether the handler is mounted and armed, the token right, and the path routed to this service.",
  },
  "origin-forgeable": {
    severity: "warning",
    meaning: "Protocol, host or port are what the client says that they are.",
    fix: "Let the proxy set or remove X-Forwarded-Proto, -Host and -Port, all three.",
  },
  "carrier-added": {
    severity: "warning",
    meaning: "The proxy adds a second value to a header that has one: a client that sends the first stays unknown.",
    fix: "Let the proxy set the header, not add to it.",
  },
  "client-can-hide": {
    severity: "warning",
    meaning: "A client can make itself unknown.",
    fix: "Let the proxy overwrite what the client sends.",
  },
  "edge-refuses": {
    severity: "warning",
    meaning: "A machine in front answered a probe with 403 or 429, and the run ended there.",
    fix: "Let the probes pass the firewall for the time of the run, or try --gentle.",
  },
  "prober-address-inferred": {
    severity: "warning",
    meaning: "The command is behind a NAT, and its public address was inferred.",
    fix: "Give --me ADDRESS.",
  },
  "several-paths": { severity: "note", meaning: "Requests come by several machines." },
  "prober-is-trusted": {
    severity: "note",
    meaning: "The command runs on a machine that the policy believes; what others can do was computed.",
    fix: "Run it on another machine, too.",
  },
  "reachable-directly": { severity: "note", meaning: "The service's own port answers the command." },
  "trust-broad": {
    severity: "note",
    meaning: "The policy believes more than was seen.",
    fix: "Narrow it, if no other machine of that prefix is a proxy.",
  },
  "look-alike-passes": {
    severity: "note",
    meaning: "X_Forwarded_For passes the proxy: CGI, PHP and WSGI behind this service take it for X-Forwarded-For.",
    fix: "Let the proxy drop names with an underscore.",
  },
} as const;

/** The word for a cause. */
export type CauseCode = keyof typeof TABLE;

/** Every cause. docs/reference/doctor.md has a heading for each. */
export const CAUSES: Readonly<Record<CauseCode, Cause>> = TABLE;
