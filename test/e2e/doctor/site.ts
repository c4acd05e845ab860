import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { PolicyOptions } from "@wherefrom/core";
import { type Daemon, startDaemon } from "../daemon.ts";
import { type Namespace, openNamespace } from "../bed/namespace.ts";

/** Where everything is. All machines of the site are addresses of one namespace; clients are in another. */
export const SITE = {
  /** What clients connect to. */
  edge: "45.67.8.1",
  edge6: "2a0a:45::1",
  /** Machines in front of the service, as it sees them. */
  machines: ["10.0.1.2", "10.0.1.3", "10.0.1.4"],
  /** An address in the ranges that Cloudflare publishes. */
  cloudflare: "173.245.48.10",
  /** An address in the ranges of Google's load balancers. */
  google: "35.191.0.5",
  /** Where the service listens. */
  service: "10.0.1.9",
  port: 3000,
  /** Where the doctor runs, and two other clients. */
  clients: ["81.2.69.142", "81.2.69.160", "9.9.9.10"],
  client6: "2a0a:81::142",
} as const;

const TOKEN = "0123456789abcdef0123456789abcdef";
/** What liars make up: no machine of the site. */
export const LIE = "7.7.7.7";

const CLI = join(import.meta.dirname, "..", "..", "..", "packages", "cli", "dist", "main.js");

export interface ServiceOptions {
  readonly policy: PolicyOptions;
  /** Options of `wherefrom(server, policy, options)`. */
  readonly options?: object;
  readonly maxHeadersCount?: number;
  /** Listens on a Unix socket at `Site.path` instead of its port. */
  readonly isUnix?: boolean;
}

export interface Site {
  readonly client: Namespace;
  readonly inside: Namespace;
  /** The service's Unix socket, where it has one. */
  readonly path: string;
  /** The doctor's local socket. */
  readonly socket: string;
  readonly serve: (options: ServiceOptions) => Promise<Daemon>;
  /** Runs the command among the clients. */
  readonly examine: (
    args: readonly string[],
    token?: string,
  ) => Promise<{ code: number | null; out: string; err: string }>;
  /** Asks as honest clients and liars. */
  readonly visit: (url: string) => Promise<readonly Visit[]>;
  readonly close: () => Promise<void>;
}

export type Visit = readonly [
  client: string,
  kind: string,
  answer: { readonly client?: string; readonly nearest?: string; readonly refused?: string },
];

export async function openSite(): Promise<Site> {
  const [client, inside] = await Promise.all([openNamespace(), openNamespace()]);
  const directory = mkdtempSync(join(tmpdir(), "wherefrom-doctor-"));
  const [path, socket] = [join(directory, "service.sock"), join(directory, "doctor.sock")];
  connect(client, inside);
  const run = async (
    args: readonly string[],
    token: string,
  ): Promise<{ code: number | null; out: string; err: string }> => {
    const child = client.spawn("env", [`WHEREFROM_DOCTOR_TOKEN=${token}`, "node", ...args], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    let [out, err] = ["", ""];
    child.stdout?.on("data", (chunk) => (out += String(chunk)));
    child.stderr?.on("data", (chunk) => (err += String(chunk)));
    const [code] = (await once(child, "close")) as [number | null];
    return { code, out, err };
  };
  return {
    client,
    inside,
    path,
    socket,
    serve: async ({ policy, options, maxHeadersCount, isUnix }) => {
      // A service that was ended leaves its socket.
      rmSync(path, { force: true });
      const listen = isUnix === true ? { path } : { host: "0.0.0.0", port: SITE.port };
      const argument = JSON.stringify({ policy, options, maxHeadersCount, listen, socket });
      const daemon = await startDaemon({
        name: "service",
        namespace: inside,
        listens: isUnix === true ? [] : [{ host: SITE.service, port: SITE.port }],
        prepare: () => [
          "env",
          `WHEREFROM_DOCTOR_TOKEN=${TOKEN}`,
          "node",
          join(import.meta.dirname, "service.mjs"),
          argument,
        ],
      });
      while (isUnix === true && !existsSync(path)) await new Promise((settle) => setTimeout(settle, 10));
      return daemon;
    },
    examine: (args, token = TOKEN) => run([CLI, "doctor", ...args], token),
    visit: async (url) => {
      const clients = url.includes("[") ? [SITE.client6] : SITE.clients;
      const { out, err } = await run(
        [join(import.meta.dirname, "visitor.mjs"), url, LIE, SITE.machines[0], ...clients],
        TOKEN,
      );
      if (out === "") throw new Error(err);
      return JSON.parse(out) as Visit[];
    },
    close: async () => {
      await Promise.all([client.close(), inside.close()]);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

function connect(client: Namespace, inside: Namespace): void {
  for (const each of [client, inside]) each.run("sysctl -qw net.ipv6.conf.default.accept_dad=0");
  const own = [...SITE.machines, SITE.service, SITE.cloudflare, SITE.google].map(
    (address) => `ip addr add ${address}/32 dev lo`,
  );
  const [doctor, ...others] = SITE.clients;
  inside.run(`
    ip link add front type veth peer name eth0 netns ${client.pid}
    ip addr add ${SITE.edge}/32 dev front
    ip addr add ${SITE.edge6}/128 dev front nodad
    ip link set front up
    ${own.join("\n")}
    ip route add ${doctor}/32 dev front
    ${others.map((address) => `ip route add ${address}/32 via ${doctor} dev front onlink`).join("\n")}
    ip -6 route add ${SITE.client6}/128 dev front`);
  client.run(`
    ip addr add ${doctor}/32 dev eth0
    ${others.map((address) => `ip addr add ${address}/32 dev lo`).join("\n")}
    ip addr add ${SITE.client6}/128 dev eth0 nodad
    ip link set eth0 up
    ip route add ${SITE.edge}/32 dev eth0 src ${doctor}
    ip -6 route add ${SITE.edge6}/128 dev eth0 src ${SITE.client6}`);
}
