import { run } from "../configured.ts";
import { type Daemon, startDaemon } from "../daemon.ts";
import { both } from "../platforms/programs.ts";

/** A program that demands a PROXY header, and writes the client's address into its log. */
export interface LogAcceptor {
  readonly name: string;
  /** Whether it reads version 1, and whether LOCAL leaves the connection its own address. */
  readonly versions: readonly (1 | 2)[];
  readonly start: (port: number) => Promise<Daemon>;
  /** What a client says, in bytes, so that it is written down. */
  readonly says: Uint8Array;
  /** What stands in the log of a client with this address. */
  readonly logged: (address: string) => string;
}

/** A query for a.test, type A, behind its length (RFC 1035, 4.2.2). */
export const QUERY: Uint8Array = Buffer.from("1234010000010000000000000161047465737400" + "00010001", "hex");
const LENGTH = Buffer.from([0, QUERY.length]);

const dovecot = (port: number) => (directory: string) =>
  `
protocols = imap
listen = 127.0.0.1, ::1
base_dir = ${directory}/run
state_dir = ${directory}/state
log_path = /dev/stderr
ssl = no
haproxy_trusted_networks = 127.0.0.1
service imap-login {
  chroot =
  inet_listener imap {
    port = ${port}
    haproxy = yes
  }
  inet_listener imaps {
    port = 0
  }
}
passdb {
  driver = static
  args = nopassword=y
}
userdb {
  driver = static
  args = uid=65534 gid=65534 home=/nonexistent
}
`;

export const LOG_ACCEPTORS: readonly LogAcceptor[] = [
  {
    name: "Dovecot",
    versions: [1, 2],
    start: (port) => run("dovecot", { port }, dovecot(port), (file) => ["dovecot", "-F", "-c", file]),
    says: Buffer.from("a LOGOUT\r\n"),
    logged: (address) => `rip=${address},`,
  },
  {
    name: "PowerDNS Recursor over TCP",
    versions: [2],
    start: startRecursor,
    says: Buffer.concat([LENGTH, QUERY]),
    logged: (address) => `remote="${address.includes(":") ? `[${address}]` : address}:50182 (proxied by`,
  },
];

/** The resolver, which asks no other one: it answers that it could not. */
export function startRecursor(port: number): Promise<Daemon> {
  return startDaemon({
    name: "recursor",
    listens: both(port),
    prepare: (directory) => [
      "pdns_recursor",
      `--config-dir=${directory}`,
      `--socket-dir=${directory}`,
      "--local-address=127.0.0.1,::1",
      `--local-port=${port}`,
      "--proxy-protocol-from=127.0.0.0/8,::1",
      "--allow-from=0.0.0.0/0,::/0",
      "--forward-zones=.=127.0.0.1:9",
      "--security-poll-suffix=",
      "--daemon=no",
      "--quiet=no",
      // What comes from there is written down otherwise.
      "--disable-packetcache",
      "--threads=1",
      "--disable-syslog",
      "--write-pid=no",
      "--hint-file=no",
      "--loglevel=6",
    ],
  });
}
