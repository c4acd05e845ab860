// Bounded work: whatever a client puts into one header.
import { createRequire } from "node:module";
import { clientAddress, compilePolicy } from "@wherefrom/core";
import { median, spread, timeInterleaved } from "../harness/interleaved.mjs";
import { connectionOf, HOSTILE, REQUESTS, TRUSTED, variantsOf } from "../harness/requests.mjs";
import { judge, versionOf } from "../harness/row.mjs";

const proxyAddr = createRequire(import.meta.url)("proxy-addr");
const PREFIXES = [...TRUSTED, "2001:db8::/32"];

export async function measure() {
  const policy = compilePolicy({ trust: PREFIXES, from: "x-forwarded-for" });
  const trust = proxyAddr.compile(PREFIXES);
  const walk = (each) => clientAddress(each.kept, each.headers, policy);
  const warm = [...Object.values(REQUESTS), ...Object.values(HOSTILE)].map(keptVariants);
  for (let round = 0; round < 100; round++) for (const requests of warm) for (const each of requests) walk(each);
  return Object.entries(HOSTILE).map(([title, request]) => {
    const times = timeInterleaved({ walk, "proxy-addr": (each) => proxyAddr(each, trust) }, keptVariants(request), 11);
    return judge({
      case: title,
      subject: "clientAddress, microseconds",
      against: "5 us; " + versionOf("proxy-addr"),
      ratio: median(times.walk) / 1000,
      noise: spread(times.walk) / 1000,
      must: "<= 5 us",
      detail: `proxy-addr ${(median(times["proxy-addr"]) / 1000).toFixed(1)} us`,
    });
  });
}

function keptVariants(request) {
  return variantsOf(request).map((each) => ({ ...each, kept: connectionOf(each.socket.remoteAddress) }));
}
