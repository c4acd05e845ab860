import { once } from "node:events";
import { createServer } from "node:http2";
import http2Proxy from "http2-proxy";
import { presets } from "../platforms/presets.ts";
import type { Ports, Running } from "../platforms/product.ts";
import { startApache } from "../apache.ts";
import { both, PROGRAMS } from "../platforms/programs.ts";
import { run } from "../configured.ts";
import { startHaproxy } from "../haproxy.ts";
import { PROXY, type Sender } from "./sender.ts";

/** A proxy that takes HTTP/2 from its clients, without TLS (RFC 9113, 3.3). */
export interface Http2Sender extends Sender {
  /** What it speaks to the service. */
  readonly towards: "HTTP/1.1" | "HTTP/2";
}

const haproxy = (
  name: string,
  towards: Http2Sender["towards"],
  says: "x-forwarded-for" | "forwarded",
): Http2Sender => ({
  name,
  towards,
  rule: { peers: [PROXY], says },
  start: ({ port, target }) => {
    const header =
      says === "x-forwarded-for"
        ? "option forwardfor"
        : `http-request set-header Forwarded "for=\\"[%[src]]\\"" if !{ src 0.0.0.0/0 }
  http-request set-header Forwarded for=%[src] if { src 0.0.0.0/0 }`;
    return startHaproxy(
      `
frontend in
  bind ${PROXY}:${port}
  bind [::1]:${port}
  default_backend out
backend out
  ${header}
  server app ${PROXY}:${target} ${towards === "HTTP/2" ? "proto h2" : ""}
`,
      both(port),
    );
  },
});

const nghttpx = (name: string, options: readonly string[], says: "x-forwarded-for" | "forwarded"): Http2Sender => ({
  name,
  towards: "HTTP/2",
  rule: { peers: [PROXY], says },
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
        `--backend=${PROXY},${ports.target};;proto=h2`,
        ...options,
        "--workers=1",
        "--single-process",
        "--accesslog-file=/dev/null",
      ],
    ),
});

export const HTTP2_SENDERS: readonly Http2Sender[] = [
  haproxy("HAProxy, X-Forwarded-For", "HTTP/2", "x-forwarded-for"),
  haproxy("HAProxy, Forwarded", "HTTP/2", "forwarded"),
  haproxy("HAProxy, HTTP/1.1 behind", "HTTP/1.1", "x-forwarded-for"),
  nghttpx("nghttpx, X-Forwarded-For", ["--add-x-forwarded-for"], "x-forwarded-for"),
  nghttpx("nghttpx, Forwarded", ["--add-forwarded=for,by,host,proto", "--forwarded-for=ip"], "forwarded"),
  {
    name: "Apache (mod_http2, mod_proxy_http2)",
    towards: "HTTP/2",
    rule: presets.apache({ peers: [PROXY] }),
    start: (ports) =>
      startApache(
        ports,
        ["http2", "proxy", "proxy_http2"],
        `Protocols h2c http/1.1\nProxyPass / h2c://${PROXY}:${ports.target}/`,
      ),
  },
  {
    name: "Caddy",
    towards: "HTTP/2",
    rule: presets.caddy({ peers: [PROXY] }),
    start: (ports) =>
      run(
        "caddy",
        ports,
        () => `{
  admin off
  auto_https off
  servers {
    protocols h1 h2c
  }
}
http://:${ports.port} {
  bind ${PROXY} ::1
  reverse_proxy h2c://${PROXY}:${ports.target}
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
  ...PROGRAMS.filter(({ preset }) => preset === "h2o").map(({ start }): Http2Sender => ({
    name: "h2o",
    towards: "HTTP/1.1",
    rule: presets.h2o({ peers: [PROXY] }),
    start,
  })),
  {
    name: "http2-proxy",
    towards: "HTTP/1.1",
    rule: presets.http2Proxy({ peers: [PROXY] }),
    start: async ({ port, target }: Ports): Promise<Running> => {
      const servers = [PROXY, "::1"].map((host) =>
        createServer((request, response) => {
          void http2Proxy.web(request, response, { hostname: PROXY, port: target });
        }).listen(port, host),
      );
      await Promise.all(servers.map((server) => once(server, "listening")));
      return { stop: async () => void servers.map((server) => server.close()) };
    },
  },
];
