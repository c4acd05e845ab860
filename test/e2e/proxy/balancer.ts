import { type Certificate } from "../certificate.ts";
import type { Daemon } from "../daemon.ts";
import { freePort } from "../free-port.ts";
import { startHaproxy } from "../haproxy.ts";
import { startNginx } from "../nginx.ts";

/** The balancers' own address, and the one from which our clients ask. */
export const BALANCER = "127.0.0.1";
export const VISITOR = "127.0.0.9";

/** What a balancer puts before the bytes that it passes on. */
export interface Flavour {
  readonly daemon: "haproxy" | "nginx";
  /** The header that the service will see, and the types of its fields. */
  readonly format: "proxy-v1" | "proxy-v2";
  readonly fields: readonly number[];
  /** More of HAProxy's `server` line, and of its proxy section. */
  readonly server: string;
  readonly section?: string;
  /** Whether HAProxy ends TLS itself. */
  readonly endsTls?: true;
}

export const FLAVOURS = {
  "HAProxy send-proxy": { daemon: "haproxy", format: "proxy-v1", fields: [], server: "send-proxy" },
  "HAProxy send-proxy-v2": { daemon: "haproxy", format: "proxy-v2", fields: [], server: "send-proxy-v2" },
  "nginx stream proxy_protocol": { daemon: "nginx", format: "proxy-v1", fields: [], server: "" },
  "HAProxy with CRC32c": {
    daemon: "haproxy",
    format: "proxy-v2",
    fields: [0x03],
    server: "send-proxy-v2 proxy-v2-options crc32c",
  },
  "HAProxy with a unique id": {
    daemon: "haproxy",
    format: "proxy-v2",
    fields: [0x05],
    server: "send-proxy-v2 proxy-v2-options unique-id",
    section: "unique-id-format %{+X}o\\ %ci:%cp",
  },
  "HAProxy with TLS fields": {
    daemon: "haproxy",
    format: "proxy-v2",
    fields: [0x01, 0x02, 0x03, 0x20],
    server: "send-proxy-v2 proxy-v2-options ssl,cert-cn,ssl-cipher,cert-sig,cert-key,authority,crc32c",
    endsTls: true,
  },
} as const satisfies Readonly<Record<string, Flavour>>;

export interface Balancer {
  readonly port: number;
  /** The same on ::1. */
  readonly port6: number;
  readonly daemon: Daemon;
}

/** A layer-4 balancer in front of `upstream`, a port on 127.0.0.1. */
export async function startBalancer(flavour: Flavour, upstream: number, certificate: Certificate): Promise<Balancer> {
  const [port, port6] = await Promise.all([freePort(BALANCER), freePort("::1")]);
  const listens = [
    { host: BALANCER, port },
    { host: "::1", port: port6 },
  ];
  if (flavour.daemon === "nginx") {
    const server = (address: string): string =>
      `server { listen ${address}; proxy_pass ${BALANCER}:${upstream}; proxy_protocol on; }`;
    const stream = [server(`${BALANCER}:${port}`), server(`[::1]:${port6}`)].join("\n");
    return { port, port6, daemon: await startNginx({ stream }, listens) };
  }
  const tls = flavour.endsTls === true ? ` ssl crt ${certificate.bundleFile} alpn http/1.1` : "";
  const section = [
    "listen balancer",
    "  mode tcp",
    `  bind ${BALANCER}:${port}${tls}`,
    `  bind [::1]:${port6}${tls}`,
    ...(flavour.section === undefined ? [] : [`  ${flavour.section}`]),
    `  server service ${BALANCER}:${upstream} ${flavour.server}`,
  ].join("\n");
  return { port, port6, daemon: await startHaproxy(section, listens) };
}
