import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startApache } from "../apache.ts";
import { run } from "../configured.ts";
import { startDaemon } from "../daemon.ts";
import { startHaproxy } from "../haproxy.ts";
import { startNginx } from "../nginx.ts";
import type { Ports, Product } from "./product.ts";

export const haproxySection = ({ port, target }: Ports, lines: string): string => `
frontend in
  bind 127.0.0.1:${port}
  bind [::1]:${port}
  default_backend out
backend out
  ${lines}
  server app 127.0.0.1:${target}
`;

export const both = (port: number): readonly { host: string; port: number }[] => [
  { host: "127.0.0.1", port },
  { host: "::1", port },
];

/** What OpenShift's router writes into HAProxy's configuration under the policy Append (images/router/haproxy/conf/haproxy-config.template). */
const OPENSHIFT = `option forwardfor
  http-request add-header X-Forwarded-Host %[req.hdr(host)]
  http-request add-header X-Forwarded-Port %[dst_port]
  http-request add-header X-Forwarded-Proto http if !{ ssl_fc }
  http-request add-header X-Forwarded-Proto https if { ssl_fc }
  http-request add-header Forwarded for=%[src];host=%[req.hdr(host)];proto=http`;

/** Traffic Server's directories: it takes no single file. */
export function layOutTrafficServer(
  directory: string,
  { port, target }: Ports,
  settings: readonly string[] = ["CONFIG proxy.config.http.insert_squid_x_forwarded_for INT 1"],
): readonly [string, ...string[]] {
  const own = ["prefix", "exec_prefix", "sysconfdir", "datadir", "localstatedir", "runtimedir", "logdir", "cachedir"];
  const system = { bindir: "/usr/bin", sbindir: "/usr/sbin", libexecdir: "/usr/lib/trafficserver/modules" };
  const paths = [...own.map((name) => [name, directory]), ...Object.entries(system)];
  const root = join(directory, "runroot.yaml");
  writeFileSync(root, paths.map(([name, path]) => `${name}: ${path}\n`).join(""));
  const records = [
    `CONFIG proxy.config.http.server_ports STRING ${port}:ip-in=127.0.0.1 ${port}:ipv6:ip-in=[::1]`,
    ...settings,
    "CONFIG proxy.config.http.cache.http INT 0",
    "CONFIG proxy.config.admin.user_id STRING #-1",
    "CONFIG proxy.config.url_remap.pristine_host_hdr INT 1",
  ];
  writeFileSync(join(directory, "records.config"), `${records.join("\n")}\n`);
  writeFileSync(join(directory, "remap.config"), `map / http://127.0.0.1:${target}/\n`);
  writeFileSync(join(directory, "storage.config"), "");
  const allowed = [
    "ip_allow:",
    "  - apply: in",
    '    ip_addrs: ["127.0.0.0/8", "::1"]',
    "    action: allow",
    "    methods: ALL",
  ];
  writeFileSync(join(directory, "ip_allow.yaml"), `${allowed.join("\n")}\n`);
  return ["traffic_server", `--run-root=${root}`];
}

/** Debian's packages. */
export const PROGRAMS: readonly Product[] = [
  {
    preset: "caddy",
    program: "caddy",
    start: (ports) =>
      run(
        "caddy",
        ports,
        () => `{
  admin off
  auto_https off
}
http://:${ports.port} {
  bind 127.0.0.1 ::1
  reverse_proxy 127.0.0.1:${ports.target}
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
    preset: "apache",
    program: "apache2",
    start: (ports) => startApache(ports, ["proxy", "proxy_http"], `ProxyPass / http://127.0.0.1:${ports.target}/`),
  },
  {
    preset: "varnish",
    program: "varnishd",
    start: (ports) =>
      run(
        "varnish",
        ports,
        () => "",
        (_, directory) => [
          "varnishd",
          "-F",
          "-j",
          "none",
          "-n",
          join(directory, "work"),
          "-a",
          `127.0.0.1:${ports.port}`,
          "-a",
          `[::1]:${ports.port}`,
          "-b",
          `127.0.0.1:${ports.target}`,
          "-s",
          "malloc,16m",
        ],
      ),
  },
  {
    preset: "squid",
    program: "squid",
    start: (ports) =>
      run(
        "squid",
        ports,
        () => `
http_port 127.0.0.1:${ports.port} accel defaultsite=app.test
http_port [::1]:${ports.port} accel defaultsite=app.test
cache_peer 127.0.0.1 parent ${ports.target} 0 no-query no-digest originserver
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
    preset: "trafficServer",
    program: "traffic_server",
    start: (ports) =>
      startDaemon({
        name: "traffic-server",
        listens: both(ports.port),
        prepare: (directory) => {
          chmodSync(directory, 0o755);
          return layOutTrafficServer(directory, ports);
        },
      }),
  },
  {
    preset: "lighttpd",
    program: "lighttpd",
    start: (ports) =>
      run(
        "lighttpd",
        ports,
        (directory) => `
server.modules = ("mod_proxy")
server.document-root = "${directory}"
server.bind = "127.0.0.1"
server.port = ${ports.port}
$SERVER["socket"] == "[::1]:${ports.port}" { }
proxy.server = ("" => (("host" => "127.0.0.1", "port" => ${ports.target})))
`,
        (file) => ["lighttpd", "-D", "-f", file],
      ),
  },
  {
    preset: "h2o",
    program: "h2o",
    start: (ports) =>
      run(
        "h2o",
        ports,
        (directory) => `
${process.getuid?.() === 0 ? "user: root" : ""}
pid-file: ${directory}/h2o.pid
num-threads: 1
listen:
  host: 127.0.0.1
  port: ${ports.port}
listen:
  host: "::1"
  port: ${ports.port}
hosts:
  default:
    paths:
      /:
        proxy.reverse.url: http://127.0.0.1:${ports.target}/
`,
        (file) => ["h2o", "-m", "worker", "-c", file],
      ),
  },
  {
    preset: "nghttpx",
    program: "nghttpx",
    start: (ports) =>
      run(
        "nghttpx",
        ports,
        () => "",
        (file) => [
          "nghttpx",
          `--conf=${file}`,
          `--frontend=127.0.0.1,${ports.port};no-tls`,
          `--frontend=::1,${ports.port};no-tls`,
          `--backend=127.0.0.1,${ports.target}`,
          "--add-x-forwarded-for",
          "--workers=1",
          "--single-process",
          "--accesslog-file=/dev/null",
        ],
      ),
  },
  {
    preset: "haproxy",
    program: "haproxy",
    start: (ports) => startHaproxy(haproxySection(ports, "option forwardfor"), both(ports.port)),
  },
  {
    preset: "openshiftRouter",
    program: "haproxy",
    start: (ports) => startHaproxy(haproxySection(ports, OPENSHIFT), both(ports.port)),
  },
  {
    preset: "nginx",
    program: "nginx",
    start: (ports) =>
      startNginx(
        {
          http: `
  server {
    listen 127.0.0.1:${ports.port};
    listen [::1]:${ports.port};
    location / {
      proxy_pass http://127.0.0.1:${ports.target};
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    }
  }`,
        },
        both(ports.port),
      ),
  },
];
