import { spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { appendFileSync, chmodSync, readFileSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { startApache } from "../apache.ts";
import { run } from "../configured.ts";
import { startHaproxy } from "../haproxy.ts";
import { startNginx } from "../nginx.ts";
import { both } from "../platforms/programs.ts";

interface Ports {
  readonly port: number;
  /** An HTTP server that answers everything. */
  readonly target: number;
}

export interface LoggingServer {
  readonly name: string;
  /** The format as `wherefrom` names it. */
  readonly format: string;
  /** Starts it with an access log at `log`, a file that every user may write. */
  readonly start: (ports: Ports, log: string) => Promise<{ stop: () => Promise<void> }>;
}

const nginx = (name: string, format: string, logFormat: string): LoggingServer => ({
  name,
  format,
  start: ({ port, target }, log) =>
    startNginx(
      {
        http: `
  ${logFormat}
  server {
    listen 127.0.0.1:${port};
    listen [::1]:${port};
    access_log ${log} sample;
    location / { proxy_pass http://127.0.0.1:${target}; }
  }`,
      },
      both(port),
    ),
});

const apache = (name: string, format: string, logFormat: string): LoggingServer => ({
  name,
  format,
  start: (ports, log) =>
    startApache(
      ports,
      ["proxy", "proxy_http"],
      `LogFormat "${logFormat}" sample\nCustomLog ${log} sample\nProxyPass / http://127.0.0.1:${ports.target}/`,
    ),
});

const squid = (name: string, format: string): LoggingServer => ({
  name,
  format,
  start: ({ port, target }, log) =>
    run(
      "squid",
      { port },
      () => `
http_port 127.0.0.1:${port} accel defaultsite=app.test
http_port [::1]:${port} accel defaultsite=app.test
cache_peer 127.0.0.1 parent ${target} 0 no-query no-digest originserver
never_direct allow all
http_access allow all
cache deny all
pid_filename none
access_log stdio:${log} ${format}
buffered_logs off
cache_log /dev/null
cache_mem 1 MB
pinger_enable off
shutdown_lifetime 0 seconds
`,
      (file) => ["squid", "-N", "-f", file],
    ),
});

/** Servers of Debian that write access logs, each with the formats that it brings. */
export const LOGGING_SERVERS: readonly LoggingServer[] = [
  nginx(
    "nginx, combined",
    "combined",
    `log_format sample '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"';`,
  ),
  nginx(
    "nginx, JSON",
    "nginx-json",
    `log_format sample escape=json '{"time_iso8601":"$time_iso8601","remote_addr":"$remote_addr","request_method":"$request_method","request_uri":"$request_uri","status":$status,"body_bytes_sent":$body_bytes_sent,"http_user_agent":"$http_user_agent"}';`,
  ),
  apache("Apache, combined", "combined", '%h %l %u %t \\"%r\\" %>s %O \\"%{Referer}i\\" \\"%{User-Agent}i\\"'),
  apache("Apache, common", "common", '%h %l %u %t \\"%r\\" %>s %O'),
  apache(
    "Apache, combined with a virtual host",
    "combined",
    '%v:%p %h %l %u %t \\"%r\\" %>s %O \\"%{Referer}i\\" \\"%{User-Agent}i\\"',
  ),
  {
    name: "Caddy",
    format: "caddy",
    start: ({ port, target }, log) =>
      run(
        "caddy",
        { port },
        () => `{
  admin off
  auto_https off
}
http://:${port} {
  bind 127.0.0.1 ::1
  log {
    output file ${log}
  }
  reverse_proxy 127.0.0.1:${target}
}
`,
        (file, directory) => [
          "env",
          `XDG_DATA_HOME=${directory}`,
          `XDG_CONFIG_HOME=${directory}`,
          "caddy",
          "run",
          "--config",
          file,
          "--adapter",
          "caddyfile",
        ],
      ),
  },
  {
    name: "HAProxy, httplog, as a syslog server writes it",
    format: "haproxy",
    start: async ({ port, target }, log) => {
      const syslog = createSocket("udp4").on("message", (datagram) => {
        // The priority in front is for the syslog server; it adds the host.
        appendFileSync(
          log,
          `${datagram
            .toString("latin1")
            .replace(/^<\d+>(.{15}) /, "$1 lb ")
            .trimEnd()}\n`,
          "latin1",
        );
      });
      syslog.bind(0, "127.0.0.1");
      await once(syslog, "listening");
      const haproxy = await startHaproxy(
        `
frontend in
  bind 127.0.0.1:${port}
  bind [::1]:${port}
  log 127.0.0.1:${(syslog.address() as AddressInfo).port} local0
  option httplog
  default_backend out
backend out
  server app 127.0.0.1:${target}
`,
        both(port),
      );
      return {
        stop: async () => {
          await haproxy.stop();
          syslog.close();
        },
      };
    },
  },
  {
    name: "lighttpd",
    format: "combined",
    start: ({ port, target }, log) =>
      run(
        "lighttpd",
        { port },
        (directory) => `
server.modules = ("mod_proxy", "mod_accesslog")
server.document-root = "${directory}"
server.bind = "127.0.0.1"
server.port = ${port}
$SERVER["socket"] == "[::1]:${port}" { }
accesslog.filename = "${log}"
proxy.server = ("" => (("host" => "127.0.0.1", "port" => ${target})))
`,
        (file) => ["lighttpd", "-D", "-f", file],
      ),
  },
  squid("Squid, its own format", "squid"),
  squid("Squid, combined", "combined"),
  {
    name: "varnishncsa",
    format: "combined",
    start: async ({ port, target }, log) => {
      let work = "";
      const varnish = await run(
        "varnish",
        { port },
        () => "",
        (_, directory) => {
          work = join(directory, "work");
          const listens = ["-a", `127.0.0.1:${port}`, "-a", `[::1]:${port}`] as const;
          return [
            "varnishd",
            "-F",
            "-j",
            "none",
            "-n",
            work,
            ...listens,
            "-b",
            `127.0.0.1:${target}`,
            "-s",
            "malloc,16m",
          ];
        },
      );
      const reader = spawn("varnishncsa", ["-n", work, "-w", log, "-a"], { stdio: "ignore" });
      const ended = once(reader, "close");
      // It sees what comes after it has found the server's memory, which nothing tells.
      while (readFileSync(log, "latin1") === "") await fetch(`http://127.0.0.1:${port}/first`);
      return {
        stop: async () => {
          reader.kill();
          await ended;
          await varnish.stop();
        },
      };
    },
  },
];

/** An empty log in a directory that every user may look into. */
export function emptyLog(directory: string): string {
  chmodSync(directory, 0o755);
  const log = join(directory, "access.log");
  writeFileSync(log, "");
  chmodSync(log, 0o666);
  return log;
}
