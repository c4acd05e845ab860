import { type Hop, sourceOf } from "./hop.ts";
import { PEER_FIELDS } from "./machine.ts";

/** An nginx server block that passes on to the hop's upstream, as nginx's own documentation writes it. It tells what nginx takes for the client's address. */
export function nginxSite(hop: Hop): string {
  const { host, port, port6, upstream, carrier, isEdge, adopts, certificate } = hop;
  const tls = certificate === undefined ? "" : " ssl";
  const source = sourceOf(hop);
  return [
    `upstream next { server ${upstream.startsWith("/") ? "unix:" : ""}${upstream}; keepalive 4; }`,
    `server {`,
    `  listen ${host}:${port}${tls};`,
    `  listen [::1]:${port6}${tls};`,
    ...(certificate === undefined
      ? []
      : [`  ssl_certificate ${certificate.certificateFile};`, `  ssl_certificate_key ${certificate.keyFile};`]),
    ...(adopts === undefined
      ? []
      : [`  set_real_ip_from ${adopts};`, `  real_ip_header X-Forwarded-For;`, `  real_ip_recursive on;`]),
    `  add_header ${PEER_FIELDS.nginx} $remote_addr always;`,
    `  location / {`,
    `    proxy_pass http://next;`,
    ...(source === undefined ? [] : [`    proxy_bind ${source};`]),
    `    proxy_http_version 1.1;`,
    `    proxy_set_header Connection "";`,
    ...(carrier === "x-forwarded-for" ? [`    proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;`] : []),
    ...(adopts !== undefined || (isEdge && carrier === "x-real-ip")
      ? [`    proxy_set_header X-Real-IP $remote_addr;`]
      : []),
    ...(isEdge
      ? [
          `    proxy_set_header X-Forwarded-Proto $scheme;`,
          `    proxy_set_header X-Forwarded-Host $http_host;`,
          `    proxy_set_header X-Forwarded-Port $server_port;`,
        ]
      : []),
    `  }`,
    `}`,
  ].join("\n");
}
