import { type Hop, sourceOf } from "./hop.ts";
import { PEER_FIELDS } from "./machine.ts";

/** A HAProxy frontend and backend that pass on to the hop's upstream. `option forwardfor` adds a header line of its own, whatever lines there are. It tells what HAProxy takes for the client's address. */
export function haproxySite(hop: Hop): string {
  const { host, port, port6, upstream, carrier, isEdge, certificate } = hop;
  const tls = certificate === undefined ? "" : ` ssl crt ${certificate.bundleFile}`;
  const source = sourceOf(hop);
  return [
    `frontend visitors`,
    `  bind ${host}:${port}${tls}`,
    `  bind [::1]:${port6}${tls}`,
    ...(carrier === "x-forwarded-for"
      ? [`  option forwardfor`]
      : isEdge
        ? [`  http-request set-header X-Real-IP %[src]`]
        : []),
    ...(isEdge
      ? [
          `  http-request set-header X-Forwarded-Proto ${certificate === undefined ? "http" : "https"}`,
          `  http-request set-header X-Forwarded-Host %[req.hdr(host)]`,
          `  http-request set-header X-Forwarded-Port %[dst_port]`,
        ]
      : []),
    `  default_backend next`,
    `  http-response set-header ${PEER_FIELDS.haproxy} %[src]`,
    `backend next`,
    ...(source === undefined ? [] : [`  source ${source}`]),
    // Connections of one visitor serve the next one, as they do behind every busy proxy.
    `  http-reuse always`,
    `  server next ${upstream.startsWith("/") ? "unix@" : ""}${upstream}`,
  ].join("\n");
}
