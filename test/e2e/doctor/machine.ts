import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Daemon, startDaemon } from "../daemon.ts";
import { SITE, type Site } from "./site.ts";
import { startHaproxy } from "../haproxy.ts";
import { startNginx } from "../nginx.ts";

/** Where a machine listens, which address it connects from, and what it connects to. */
export interface Place {
  readonly listen: string;
  readonly from: string;
  readonly to: string;
}

/** Directly before the service. */
export const LAST: Place = { listen: `${SITE.edge}:80`, from: SITE.machines[0], to: `${SITE.service}:${SITE.port}` };
/** Before another machine, and that one. */
export const [OUTER, INNER]: readonly [Place, Place] = [
  { listen: `${SITE.edge}:80`, from: SITE.machines[1], to: `${SITE.machines[0]}:8080` },
  { listen: `${SITE.machines[0]}:8080`, from: SITE.machines[0], to: `${SITE.service}:${SITE.port}` },
];

const portOf = ({ listen }: Place): number => Number(/:(\d+)(?: |$)/.exec(listen)?.[1]);
const listensOf = (place: Place): readonly { host: string; port: number }[] => [{ host: "site", port: portOf(place) }];

export const APPEND_BOTH = `proxy_set_header X-Forwarded-For "$proxy_add_x_forwarded_for, $server_addr";`;
export const APPEND = "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;";

/** nginx with these lines in its location. */
export function nginx(site: Site, lines: string, place: Place = LAST, server = ""): Promise<Daemon> {
  const target = place.to.startsWith("unix:") ? `http://${place.to}:` : `http://${place.to}`;
  const bind = place.to.startsWith("unix:") ? "" : `proxy_bind ${place.from};`;
  const http = `
  server {
    listen ${place.listen};
    ${server}
    location / { proxy_pass ${target}; ${bind} ${lines} }
  }`;
  return startNginx({ http }, listensOf(place), site.inside);
}

/** HAProxy with these lines in its listen section, and these options of its server. */
export function haproxy(site: Site, lines: string, place: Place = LAST, options = "", bind = ""): Promise<Daemon> {
  const sections = `
listen site
  bind ${place.listen} ${bind}
  ${lines.split("\n").join("\n  ")}
  server next ${place.to} source ${place.from} ${options}
`;
  return startHaproxy(sections, listensOf(place), site.inside);
}

function run(
  name: string,
  site: Site,
  configuration: string | ((directory: string) => string),
  command: (file: string, directory: string) => readonly [string, ...string[]],
  port = 80,
): Promise<Daemon> {
  return startDaemon({
    name,
    namespace: site.inside,
    listens: [{ host: "site", port }],
    prepare: (directory) => {
      // Most of them give up root, and read their directory afterwards.
      chmodSync(directory, 0o755);
      const file = join(directory, `${name}.conf`);
      writeFileSync(file, typeof configuration === "string" ? configuration : configuration(directory));
      return command(file, directory);
    },
  });
}

/** Products that choose the address themselves from which they connect: that of the service's machine. */
export const OWN = SITE.service;

export function caddy(site: Site, globals = "", lines = ""): Promise<Daemon> {
  const text = `{
  admin off
  auto_https off
  ${globals}
}
http://:80 {
  bind ${SITE.edge}
  reverse_proxy ${SITE.service}:${SITE.port} {
    ${lines}
  }
}
`;
  return run("caddy", site, text, (file, directory) => [
    "env",
    `XDG_DATA_HOME=${directory}`,
    `XDG_CONFIG_HOME=${directory}`,
    "caddy",
    "run",
    "--config",
    file,
    "--adapter",
    "caddyfile",
  ]);
}

export async function apache(site: Site, lines = ""): Promise<Daemon> {
  const modules = ["mpm_event", "authz_core", "proxy", "proxy_http", "headers", "remoteip", "setenvif"];
  const daemon = await run(
    "apache",
    site,
    (directory) => `
ServerRoot ${directory}
ServerName site.test
DefaultRuntimeDir ${directory}
PidFile ${directory}/apache.pid
Mutex file:${directory}
ErrorLog ${directory}/error.log
Listen ${SITE.edge}:80
${modules.map((name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`).join("\n")}
User www-data
Group www-data
${lines}
ProxyPass / http://${SITE.service}:${SITE.port}/
`,
    (file) => ["apache2", "-f", file, "-DFOREGROUND"],
  );
  // It reads its configuration twice, and connections of the first time are reset.
  const log = join(daemon.directory, "error.log");
  while (!readFileSync(log, "utf8").includes("resuming normal operations")) await sleep(10);
  return daemon;
}

export function varnish(site: Site, listen: string = `${SITE.edge}:80`, port: number = 80): Promise<Daemon> {
  const command = (_: string, directory: string): readonly [string, ...string[]] => [
    "varnishd",
    "-F",
    "-j",
    "none",
    "-n",
    join(directory, "work"),
    "-a",
    listen,
    "-b",
    `${SITE.service}:${SITE.port}`,
    "-s",
    "malloc,16m",
  ];
  return run("varnish", site, "", command, port);
}

export function squid(site: Site, lines = ""): Promise<Daemon> {
  const text = `
http_port ${SITE.edge}:80 accel defaultsite=site.test
cache_peer ${SITE.service} parent ${SITE.port} 0 no-query no-digest originserver
tcp_outgoing_address ${SITE.machines[0]}
never_direct allow all
http_access allow all
cache deny all
pid_filename none
access_log none
cache_log /dev/null
cache_mem 1 MB
pinger_enable off
shutdown_lifetime 0 seconds
${lines}
`;
  return run("squid", site, text, (file) => ["squid", "-N", "-f", file]);
}

export function lighttpd(site: Site): Promise<Daemon> {
  return run(
    "lighttpd",
    site,
    (directory) => `
server.modules = ("mod_proxy")
server.document-root = "${directory}"
server.bind = "${SITE.edge}"
server.port = 80
proxy.server = ("" => (("host" => "${SITE.service}", "port" => ${SITE.port})))
`,
    (file) => ["lighttpd", "-D", "-f", file],
  );
}

export function nghttpx(site: Site, ...options: readonly string[]): Promise<Daemon> {
  return run("nghttpx", site, "", (file) => [
    "nghttpx",
    `--conf=${file}`,
    `--frontend=${SITE.edge},80;no-tls`,
    `--backend=${SITE.service},${SITE.port}`,
    "--workers=1",
    "--single-process",
    "--accesslog-file=/dev/null",
    ...options,
  ]);
}

/** hitch ends TLS and names the client in a PROXY header. */
export function hitch(site: Site, bundle: string): Promise<Daemon> {
  return run(
    "hitch",
    site,
    `
frontend = "[${SITE.edge}]:443"
backend = "[${SITE.service}]:${SITE.port}"
pem-file = "${bundle}"
write-proxy-v2 = on
workers = 1
daemon = off
user = "root"
`,
    (file) => ["hitch", `--config=${file}`],
    443,
  );
}

/** Two nginx behind one public port, by turns: HAProxy sends connections to one and the other, and names their clients in PROXY headers. Each has lines and an address of its own. */
export function twoEdges(site: Site, lines: readonly [string, string]): Promise<readonly Daemon[]> {
  const [near, far, balancer] = SITE.machines;
  const to = `${SITE.service}:${SITE.port}`;
  const realip = `set_real_ip_from ${balancer}; real_ip_header proxy_protocol;`;
  const edge = (from: string, index: 0 | 1): Promise<Daemon> =>
    nginx(site, lines[index], { listen: `${from}:8080 proxy_protocol`, from, to }, realip);
  const second = `send-proxy-v2\n  server other ${far}:8080 source ${balancer} send-proxy-v2`;
  const place = { listen: `${SITE.edge}:80`, from: balancer, to: `${near}:8080` };
  return Promise.all([edge(near, 0), edge(far, 1), haproxy(site, "mode tcp\nbalance roundrobin", place, second)]);
}

/** The doctor's own machine behind a NAT: it has a private address, and the site sees a public one. */
export function hideDoctor({ client }: Site): { readonly stop: () => Promise<void> } {
  const [doctor] = SITE.clients;
  const inner = "192.168.77.7";
  client.run(`
    ip addr add ${inner}/32 dev lo
    ip route replace ${SITE.edge}/32 dev eth0 src ${inner}
    iptables -w -t nat -A POSTROUTING -s ${inner} -j SNAT --to-source ${doctor}`);
  return {
    stop: async () => {
      client.run(`
        iptables -w -t nat -D POSTROUTING -s ${inner} -j SNAT --to-source ${doctor}
        ip route replace ${SITE.edge}/32 dev eth0 src ${doctor}
        ip addr del ${inner}/32 dev lo`);
    },
  };
}

/** The kernel as a balancer: it rewrites the destination, and the source where there is one to write. */
export function translate(site: Site, source?: string): { readonly stop: () => Promise<void> } {
  const rules = [
    `PREROUTING -p tcp -d ${SITE.edge} --dport 80 -j DNAT --to-destination ${SITE.service}:${SITE.port}`,
    ...(source === undefined
      ? []
      : [`INPUT -p tcp -d ${SITE.service} --dport ${SITE.port} -j SNAT --to-source ${source}`]),
  ];
  for (const rule of rules) site.inside.run(`iptables -w -t nat -A ${rule}`);
  return {
    stop: async () => {
      for (const rule of rules) site.inside.run(`iptables -w -t nat -D ${rule}`);
    },
  };
}

/** A proxy that sends every client's requests over one connection, whose PROXY header names the first: HAProxy before 2.4 did so with http-reuse always. */
export function pool(site: Site): Promise<Daemon> {
  return run("pool", site, "", () => [
    "node",
    join(import.meta.dirname, "pool.mjs"),
    SITE.edge,
    SITE.machines[0],
    SITE.service,
    String(SITE.port),
  ]);
}
