import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Certificate } from "../certificate.ts";
import { type Daemon, startDaemon } from "../daemon.ts";

/** Where a relay listens, on 127.0.0.1 and ::1, and what it ends and sends on. */
interface RelayPorts {
  readonly port: number;
  readonly target: number;
  readonly certificate: Certificate;
}

/** A program that ends TLS and names the client in a PROXY header before the plain bytes. */
export interface Relay {
  readonly name: string;
  readonly start: (ports: RelayPorts) => Promise<Daemon>;
}

const listens = (port: number): readonly { host: string; port: number }[] => [
  { host: "127.0.0.1", port },
  { host: "::1", port },
];

const hitch = (version: 1 | 2): Relay => ({
  name: `hitch, write-proxy-v${version}`,
  start: ({ port, target, certificate }) =>
    startDaemon({
      name: "hitch",
      listens: listens(port),
      prepare: (directory) => {
        chmodSync(directory, 0o755);
        const file = join(directory, "hitch.conf");
        const lines = [
          `frontend = { host = "127.0.0.1" port = "${port}" }`,
          `frontend = { host = "::1" port = "${port}" }`,
          `backend = "[127.0.0.1]:${target}"`,
          `pem-file = "${certificate.bundleFile}"`,
          'ocsp-dir = ""',
          "workers = 1",
          `write-proxy-v${version} = on`,
          // Another user may not read the certificate's directory.
          ...(process.getuid?.() === 0 ? ['user = "root"'] : []),
        ];
        writeFileSync(file, `${lines.join("\n")}\n`);
        return ["hitch", `--config=${file}`];
      },
    }),
});

const stunnel: Relay = {
  name: "stunnel, protocol = proxy",
  start: ({ port, target, certificate }) =>
    startDaemon({
      name: "stunnel",
      listens: listens(port),
      prepare: (directory) => {
        const file = join(directory, "stunnel.conf");
        const service = (name: string, host: string): readonly string[] => [
          `[${name}]`,
          `accept = ${host}:${port}`,
          `connect = 127.0.0.1:${target}`,
          `cert = ${certificate.certificateFile}`,
          `key = ${certificate.keyFile}`,
          "protocol = proxy",
        ];
        const lines = ["foreground = yes", "pid =", ...service("ipv4", "127.0.0.1"), ...service("ipv6", "::1")];
        writeFileSync(file, `${lines.join("\n")}\n`);
        return ["stunnel4", file];
      },
    }),
};

export const RELAYS: readonly Relay[] = [hitch(1), hitch(2), stunnel];
