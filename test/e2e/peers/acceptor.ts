import { join } from "node:path";
import { startApache } from "../apache.ts";
import { run } from "../configured.ts";
import type { Daemon } from "../daemon.ts";

/** A program that demands a PROXY header, and tells the client's address in the answer to a request or in a header of the one that it passes on. */
export interface Acceptor {
  readonly name: string;
  readonly start: (ports: { readonly port: number; readonly target: number }) => Promise<Daemon>;
}

export const ACCEPTORS: readonly Acceptor[] = [
  {
    name: "Apache, mod_remoteip",
    start: ({ port }) =>
      startApache(
        { port },
        ["headers", "remoteip"],
        'RemoteIPProxyProtocol On\nHeader always set X-Client "expr=%{REMOTE_ADDR}"',
      ),
  },
  {
    name: "Varnish",
    start: ({ port, target }) =>
      run(
        "varnish",
        { port },
        () => "",
        (_, directory) => [
          "varnishd",
          "-F",
          "-j",
          "none",
          "-n",
          join(directory, "work"),
          "-s",
          "malloc,16m",
          "-a",
          `127.0.0.1:${port},PROXY`,
          "-a",
          `[::1]:${port},PROXY`,
          "-b",
          `127.0.0.1:${target}`,
        ],
      ),
  },
  {
    name: "Squid",
    start: ({ port, target }) =>
      run(
        "squid",
        { port },
        () => `
http_port 127.0.0.1:${port} accel defaultsite=app.test require-proxy-header
http_port [::1]:${port} accel defaultsite=app.test require-proxy-header
proxy_protocol_access allow all
cache_peer 127.0.0.1 parent ${target} 0 no-query no-digest originserver
never_direct allow all
http_access allow all
cache deny all
pid_filename none
access_log none
cache_log /dev/null
cache_mem 1 MB
pinger_enable off
shutdown_lifetime 0 seconds
`,
        (file) => ["squid", "-N", "-f", file],
      ),
  },
  {
    name: "lighttpd, mod_extforward",
    start: ({ port, target }) =>
      run(
        "lighttpd",
        { port },
        (directory) => `
server.modules = ("mod_extforward", "mod_proxy")
server.document-root = "${directory}"
server.bind = "127.0.0.1"
server.port = ${port}
$SERVER["socket"] == "[::1]:${port}" { }
extforward.hap-PROXY = "enable"
extforward.forwarder = ("127.0.0.1" => "trust", "::1" => "trust")
proxy.server = ("" => (("host" => "127.0.0.1", "port" => ${target})))
`,
        (file) => ["lighttpd", "-D", "-f", file],
      ),
  },
  {
    name: "nghttpx, proxyproto",
    start: ({ port, target }) =>
      run(
        "nghttpx",
        { port },
        () => "",
        (file) => [
          "nghttpx",
          `--conf=${file}`,
          `--frontend=127.0.0.1,${port};no-tls;proxyproto`,
          `--frontend=::1,${port};no-tls;proxyproto`,
          `--backend=127.0.0.1,${target}`,
          "--add-x-forwarded-for",
          "--workers=1",
          "--single-process",
          "--accesslog-file=/dev/null",
        ],
      ),
  },
];
