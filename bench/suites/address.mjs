// Who is the client of this request? Against the packages that answer it, on plain request objects.
import { createRequire } from "node:module";
import fastifyProxyAddr from "@fastify/proxy-addr";
import { clientAddress, compilePolicy, resolve } from "@wherefrom/core";
import { createPeerMemory } from "@wherefrom/core/internal";
import { median, pairedRatios, spread, timeInterleaved } from "../harness/interleaved.mjs";
import { connectionOf, HOSTILE, REQUESTS, TRUSTED, variantsOf } from "../harness/requests.mjs";
import { judge, versionOf } from "../harness/row.mjs";

const require = createRequire(import.meta.url);
const proxyAddr = require("proxy-addr");
const requestIp = require("request-ip");

const BOUNDS = {
  "1 hop": ">= 10",
  "3 hops": ">= 10",
  "10 hops": ">= 10",
  "1 hop, ::ffff: peer": ">= 25",
  "client's own header, 1 proxy": ">= 15",
  "client's own header, 2 proxies": ">= 15",
  "1 hop, IPv6 client": ">= 6",
};

/** A server sees mixed traffic: every path is warm before anything is timed. */
function warmUp(policy, trust) {
  for (const requests of [...Object.values(REQUESTS), ...Object.values(HOSTILE)].map((request) =>
    variantsOf(request),
  )) {
    for (let round = 0; round < 200; round++) {
      for (const request of requests) {
        clientAddress(connectionOf(request.socket.remoteAddress), request.headers, policy);
        if (round % 20 === 0) proxyAddr(request, trust);
        if (round % 50 === 0)
          void resolve({ connection: connectionOf(request.socket.remoteAddress), headers: request.headers }, policy)
            .hops;
      }
    }
  }
}

export async function measure() {
  const policy = compilePolicy({ trust: TRUSTED, from: "x-forwarded-for" });
  const trust = proxyAddr.compile(TRUSTED);
  const fastifyTrust = fastifyProxyAddr.compile(TRUSTED);
  warmUp(policy, trust);
  const rows = [];
  for (const [title, request] of Object.entries(REQUESTS)) {
    const requests = variantsOf(request);
    for (const each of requests) {
      each.kept = connectionOf(each.socket.remoteAddress);
      each.remembering = connectionOf(each.socket.remoteAddress, createPeerMemory());
    }
    const walk = (each) => clientAddress(each.kept, each.headers, policy);
    const times = timeInterleaved(
      {
        clientAddress: walk,
        "clientAddress again": (each) => walk(each),
        "peer remembered": (each) => clientAddress(each.remembering, each.headers, policy),
        resolve: (each) => resolve({ connection: each.kept, headers: each.headers }, policy),
        "proxy-addr": (each) => proxyAddr(each, trust),
        "@fastify/proxy-addr": (each) => fastifyProxyAddr(each, fastifyTrust),
        "request-ip": (each) => requestIp.getClientIp(each),
      },
      requests,
    );
    const ours = times["clientAddress"];
    const control = pairedRatios(times["clientAddress again"], ours);
    const row = (subject, samples, against, must) => {
      const ratios = pairedRatios(times[against], samples);
      rows.push(
        judge({
          case: title,
          subject,
          against: versionOf(against),
          ratio: median(ratios),
          noise: Math.max(spread(ratios), median(ratios) * Math.abs(median(control) - 1)),
          must,
          detail: `${median(samples).toFixed(0)} ns against ${median(times[against]).toFixed(0)} ns; A/A ${median(control).toFixed(2)}`,
        }),
      );
    };
    row("clientAddress", ours, "proxy-addr", BOUNDS[title]);
    row("clientAddress, peer remembered", times["peer remembered"], "proxy-addr", undefined);
    row("clientAddress", ours, "@fastify/proxy-addr", undefined);
    row("clientAddress", ours, "request-ip", undefined);
    row("resolve, proof not read", times["resolve"], "proxy-addr", undefined);
  }
  return rows;
}
