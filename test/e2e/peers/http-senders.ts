import fastifyHttpProxy from "@fastify/http-proxy";
import { fastify } from "fastify";
import type { IncomingMessage } from "node:http";
import { request } from "undici";
import { PACKAGES, serve } from "../platforms/packages.ts";
import { presets } from "../platforms/presets.ts";
import type { Ports } from "../platforms/product.ts";
import { both, haproxySection, layOutTrafficServer, PROGRAMS } from "../platforms/programs.ts";
import { run } from "../configured.ts";
import { startDaemon } from "../daemon.ts";
import { startHaproxy } from "../haproxy.ts";
import { startNginx } from "../nginx.ts";
import { PROXY, type Sender } from "./sender.ts";

/** Every product that a preset names, as its preset has it. */
export const PRESET_SENDERS: readonly Sender[] = [...PROGRAMS, ...PACKAGES].map(({ preset, start }) => ({
  name: preset,
  rule: presets[preset]({ peers: [PROXY] }),
  start,
}));

const nginx = (name: string, says: "x-real-ip" | "forwarded" | "x-forwarded-for", lines: string): Sender => ({
  name,
  rule: { peers: [PROXY], says },
  start: ({ port, target }) =>
    startNginx(
      {
        http: `
  map $remote_addr $forwarded_for {
    ~: "\\"[$remote_addr]\\"";
    default $remote_addr;
  }
  server {
    listen ${PROXY}:${port};
    listen [::1]:${port};
    location / {
      proxy_pass http://${PROXY}:${target};
      proxy_http_version 1.1;
      ${lines}
    }
  }`,
      },
      both(port),
    ),
});

const trafficServer = (name: string, form: string): Sender => ({
  name,
  rule: { peers: [PROXY], says: "forwarded" },
  start: (ports) =>
    startDaemon({
      name: "traffic-server",
      listens: both(ports.port),
      prepare: (directory) =>
        layOutTrafficServer(directory, ports, [`CONFIG proxy.config.http.insert_forwarded STRING ${form}`]),
    }),
});

/** The request's own headers for a client that is written by hand, less what belongs to one connection. */
function endToEnd({ headers }: IncomingMessage): Record<string, string | string[]> {
  const { connection, "keep-alive": keepAlive, "transfer-encoding": encoding, ...rest } = headers;
  void [connection, keepAlive, encoding];
  return Object.fromEntries(Object.entries(rest).filter((entry): entry is [string, string] => entry[1] !== undefined));
}

/** Proxies that no preset names, and other forms of those that one does. */
export const OTHER_SENDERS: readonly Sender[] = [
  nginx("nginx, X-Real-IP", "x-real-ip", "proxy_set_header X-Real-IP $remote_addr;"),
  nginx("nginx, X-Forwarded-For overwritten", "x-forwarded-for", "proxy_set_header X-Forwarded-For $remote_addr;"),
  nginx("nginx, Forwarded", "forwarded", `proxy_set_header Forwarded 'for=$forwarded_for;host="$host";proto=$scheme';`),
  {
    name: "HAProxy, Forwarded",
    rule: { peers: [PROXY], says: "forwarded" },
    start: (ports) =>
      startHaproxy(
        haproxySection(
          ports,
          `http-request set-header Forwarded "for=%[src];proto=http" if { src 0.0.0.0/0 }
  http-request set-header Forwarded "for=\\"[%[src]]\\";proto=http" if !{ src 0.0.0.0/0 }`,
        ),
        both(ports.port),
      ),
  },
  {
    name: "HAProxy, X-Real-IP",
    rule: { peers: [PROXY], says: "x-real-ip" },
    start: (ports) => startHaproxy(haproxySection(ports, "http-request set-header X-Real-IP %[src]"), both(ports.port)),
  },
  {
    name: "nghttpx, Forwarded",
    rule: { peers: [PROXY], says: "forwarded" },
    start: (ports) =>
      run(
        "nghttpx",
        ports,
        () => "",
        (file) => [
          "nghttpx",
          `--conf=${file}`,
          `--frontend=${PROXY},${ports.port};no-tls`,
          `--frontend=::1,${ports.port};no-tls`,
          `--backend=${PROXY},${ports.target}`,
          "--add-forwarded=for,by,host,proto",
          "--forwarded-for=ip",
          "--workers=1",
          "--single-process",
          "--accesslog-file=/dev/null",
        ],
      ),
  },
  {
    name: "lighttpd, Forwarded",
    rule: { peers: [PROXY], says: "forwarded" },
    start: (ports) =>
      run(
        "lighttpd",
        ports,
        (directory) => `
server.modules = ("mod_proxy")
server.document-root = "${directory}"
server.bind = "${PROXY}"
server.port = ${ports.port}
$SERVER["socket"] == "[::1]:${ports.port}" { }
proxy.server = ("" => (("host" => "${PROXY}", "port" => ${ports.target})))
proxy.forwarded = ("for" => 1, "proto" => 1, "host" => 1, "by" => 1)
`,
        (file) => ["lighttpd", "-D", "-f", file],
      ),
  },
  trafficServer("Traffic Server, Forwarded", "for|by=ip|proto|host|connection=standard"),
  trafficServer("Traffic Server, Forwarded in full", "for|by=ip|by=unknown|proto|connection=full"),
  {
    name: "tinyproxy",
    rule: { peers: [PROXY], says: { header: "x-tinyproxy", form: "list" } },
    notOverIpv6: "tinyproxy 1.11.1 writes what its stack held for the first clients over IPv6: ::609f:e1af:ff7f:0",
    start: (ports) =>
      run(
        "tinyproxy",
        ports,
        (directory) => `
Port ${ports.port}
Listen ${PROXY}
Listen ::1
Timeout 30
LogFile "${directory}/log"
PidFile "${directory}/pid"
XTinyproxy Yes
ReverseOnly Yes
ReversePath "/" "http://${PROXY}:${ports.target}/"
`,
        (file) => ["tinyproxy", "-d", "-c", file],
      ),
  },
  {
    name: "undici, by hand",
    rule: { peers: [PROXY], says: "x-forwarded-for" },
    start: ({ port, target }: Ports) =>
      serve((message, response) => {
        const headers = { ...endToEnd(message), "x-forwarded-for": message.socket.remoteAddress ?? "unknown" };
        request(`http://${PROXY}:${target}${message.url}`, { headers })
          .then(async ({ body, statusCode }) => {
            const text = await body.text();
            response.statusCode = statusCode;
            response.end(text);
          })
          .catch((error: unknown) => response.destroy(error as Error));
      }, port),
  },
  {
    name: "@fastify/http-proxy",
    rule: { peers: [PROXY], says: "x-forwarded-for" },
    start: async ({ port, target }: Ports) => {
      const apps = await Promise.all(
        [PROXY, "::1"].map(async (host) => {
          const app = fastify();
          await app.register(fastifyHttpProxy, {
            upstream: `http://${PROXY}:${target}`,
            replyOptions: {
              rewriteRequestHeaders: (message, headers) => ({ ...headers, "x-forwarded-for": message.ip }),
            },
          });
          await app.listen({ port, host });
          return app;
        }),
      );
      return { stop: async () => void (await Promise.all(apps.map((app) => app.close()))) };
    },
  },
];
