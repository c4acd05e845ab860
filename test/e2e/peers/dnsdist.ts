import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Certificate } from "../certificate.ts";
import { type Daemon, startDaemon } from "../daemon.ts";
import type { DnsTransport } from "./dns-visitor.ts";

/** How dnsdist asks its backend. */
export type BackendTransport = "udp" | "tcp";

/** On 127.0.0.1 and ::1: `dot` for DNS over TLS, `doh` over HTTP, the other one for datagrams and connections. */
export interface DnsPorts {
  readonly plain: number;
  readonly dot: number;
  readonly doh: number;
}

export interface DnsdistOptions {
  readonly ports: DnsPorts;
  /** On 127.0.0.1, for datagrams and for connections. */
  readonly backend: number;
  readonly certificate: Certificate;
  readonly asks: BackendTransport;
}

/** Debian's dnsdist. It asks its backend behind PROXY headers, over UDP as the client did or over TCP whatever the client did. */
export function startDnsdist({ ports, backend, certificate, asks }: DnsdistOptions): Promise<Daemon> {
  const hosts = ["127.0.0.1", "[::1]"];
  const tls = `"${certificate.certificateFile}", "${certificate.keyFile}"`;
  const lines = [
    ...hosts.map((host) => `addLocal("${host}:${ports.plain}")`),
    ...hosts.map((host) => `addTLSLocal("${host}:${ports.dot}", ${tls})`),
    ...hosts.map((host) => `addDOHLocal("${host}:${ports.doh}", nil, nil, "/dns-query")`),
    `newServer({address="127.0.0.1:${backend}", useProxyProtocol=true, tcpOnly=${String(asks === "tcp")}, checkInterval=1})`,
    "setSecurityPollSuffix('')",
  ];
  return startDaemon({
    name: "dnsdist",
    listens: ["127.0.0.1", "::1"].flatMap((host) => Object.values(ports).map((port) => ({ host, port }))),
    prepare: (directory) => {
      const file = join(directory, "dnsdist.conf");
      writeFileSync(file, `${lines.join("\n")}\n`);
      return ["dnsdist", "--supervised", "--disable-syslog", "-C", file];
    },
  });
}

/** The port of a client's transport. */
export const portFor = (ports: DnsPorts, transport: DnsTransport): number =>
  transport === "dot" || transport === "doh" ? ports[transport] : ports.plain;
