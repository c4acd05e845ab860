// Bytes of heap a call, with no collection in between.
import { createRequire } from "node:module";
import { getHeapStatistics } from "node:v8";
import { clientAddress, compilePolicy, resolve } from "@wherefrom/core";
import { getClientIp } from "@wherefrom/net";
import { median, spread } from "../harness/interleaved.mjs";
import { connectionOf, HOSTILE, REQUESTS, TRUSTED, variantsOf } from "../harness/requests.mjs";
import { judge, versionOf } from "../harness/row.mjs";

const proxyAddr = createRequire(import.meta.url)("proxy-addr");
/** Calls of one sample: few enough that proxy-addr's 20 kB a call seldom meet a collection. */
const CALLS = 256;
const SAMPLES = 41;
const WARM_UP = 600;
const kept = { result: undefined };

export async function measure() {
  const policy = compilePolicy({ trust: TRUSTED, from: "x-forwarded-for" });
  const trust = proxyAddr.compile(TRUSTED);
  const idle = median(bytesPerCall(() => 1, [1]));
  const cases = {
    ...REQUESTS,
    ...Object.fromEntries(Object.entries(HOSTILE).filter(([title]) => title.endsWith("8 KiB"))),
  };
  return Object.entries(cases).flatMap(([title, request]) => {
    const requests = variantsOf(request).map((each) => ({ ...each, kept: connectionOf(each.socket.remoteAddress) }));
    const subjects = {
      "clientAddress, bytes": [(each) => clientAddress(each.kept, each.headers, policy), "<= 64 bytes"],
      "getClientIp(request, policy), bytes": [(each) => getClientIp(each, policy), "<= 64 bytes"],
      "resolve, proof not read, bytes": [
        (each) => resolve({ connection: each.kept, headers: each.headers }, policy),
        undefined,
      ],
    };
    const peer = title in HOSTILE ? NaN : median(bytesPerCall((each) => proxyAddr(each, trust), requests)) - idle;
    return Object.entries(subjects).map(([subject, [call, must]]) => {
      const samples = bytesPerCall(call, requests);
      const detail = Number.isNaN(peer) ? undefined : `proxy-addr ${peer.toFixed(0)} bytes`;
      const ratio = Math.max(0, median(samples) - idle);
      return judge({
        case: title,
        subject,
        against: versionOf("proxy-addr"),
        ratio,
        noise: spread(samples),
        must,
        detail,
      });
    });
  });
}

function bytesPerCall(call, inputs) {
  const run = () => {
    let result;
    for (let index = 0; index < CALLS; index++) result = call(inputs[index & (inputs.length - 1)]);
    kept.result = result;
  };
  // A forced collection throws optimised code away: warm up behind it, not before.
  globalThis.gc?.();
  for (let warm = 0; warm < WARM_UP; warm++) run();
  const samples = [];
  while (samples.length < SAMPLES) {
    const before = getHeapStatistics().used_heap_size;
    run();
    const bytes = getHeapStatistics().used_heap_size - before;
    // The heap shrinks only where a collection came between.
    if (bytes >= 0) samples.push(bytes / CALLS);
  }
  return samples;
}
