// Flat in the number of prefixes, and quick to compile.
import { createRequire } from "node:module";
import { clientAddress, compilePolicy } from "@wherefrom/core";
import { median, pairedRatios, spread, timeInterleaved } from "../harness/interleaved.mjs";
import { generatePrefixes } from "../harness/prefixes.mjs";
import { connectionOf, REQUESTS, variantsOf } from "../harness/requests.mjs";
import { judge, versionOf } from "../harness/row.mjs";

const proxyAddr = createRequire(import.meta.url)("proxy-addr");
const SIZES = [3, 100, 1000, 10_000, 100_000];
/** Spread over the part of the space that the prefixes cover, so that a search does not always end in the same cache line. */
const clientAt = (index) => `${100 + ((index * 7) % 80)}.${(index * 37) & 255}.${(index * 91) & 255}.142`;

export async function measure() {
  const lists = SIZES.map(generatePrefixes);
  return [...lookups(lists), ...compilations(lists.slice(3)), ...memory(lists.at(-1))];
}

function lookups(lists) {
  const policies = lists.map((trust) => compilePolicy({ trust, from: "x-forwarded-for" }));
  const titles = ["1 hop", "3 hops", "10 hops", "client's own header, 2 proxies", "1 hop, IPv6 client", "3 hops, IPv6"];
  const rows = [];
  for (const title of titles) {
    const requests = variantsOf(REQUESTS[title], clientAt).map((each) => ({
      ...each,
      kept: connectionOf(each.socket.remoteAddress),
    }));
    const subjects = Object.fromEntries(
      policies.map((policy, index) => [SIZES[index], (each) => clientAddress(each.kept, each.headers, policy)]),
    );
    const smallest = policies[0];
    const times = timeInterleaved(
      { ...subjects, again: (each) => clientAddress(each.kept, each.headers, smallest) },
      requests,
    );
    const control = Math.abs(median(pairedRatios(times["again"], times[3])) - 1);
    for (const size of SIZES.slice(1)) {
      const ratios = pairedRatios(times[size], times[3]);
      rows.push(
        judge({
          case: `${title}, ${size} prefixes`,
          subject: "clientAddress",
          against: "the same with 3 prefixes",
          ratio: median(ratios),
          noise: Math.max(spread(ratios), control),
          must: size === 10_000 ? "<= 1.5" : undefined,
          detail: `${median(times[size]).toFixed(0)} ns; A/A ${(1 + control).toFixed(2)}`,
        }),
      );
    }
  }
  return rows;
}

function compilations(lists) {
  const bounds = { 10_000: "<= 30 ms", 100_000: "<= 300 ms" };
  return lists.map((trust) => {
    const times = Array.from({ length: 9 }, () => timed(() => compilePolicy({ trust, from: "x-forwarded-for" })));
    const peer = trust.length > 10_000 ? "not measured" : `${timed(() => proxyAddr.compile(trust)).toFixed(0)} ms`;
    return judge({
      case: `compile ${trust.length} prefixes`,
      subject: "compilePolicy, milliseconds",
      against: versionOf("proxy-addr"),
      ratio: median(times),
      noise: spread(times),
      must: bounds[trust.length],
      detail: `proxy-addr.compile ${peer}; first ${times[0].toFixed(0)} ms`,
    });
  });
}

function timed(task) {
  const start = performance.now();
  task();
  return performance.now() - start;
}

function memory(trust) {
  const settle = () => {
    globalThis.gc?.();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return heapUsed + arrayBuffers;
  };
  const sizes = Array.from({ length: 5 }, () => {
    const before = settle();
    const policy = compilePolicy({ trust, from: "x-forwarded-for" });
    const size = (settle() - before) / 2 ** 20;
    return policy.rules.length > 0 ? size : 0;
  });
  return [
    judge({
      case: `memory of ${trust.length} prefixes`,
      subject: "compiled policy, MiB",
      against: "10 MB",
      ratio: median(sizes),
      noise: spread(sizes),
      must: "<= 9.5 MiB",
      detail: "heap and array buffers after a forced collection",
    }),
  ];
}
