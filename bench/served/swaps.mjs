// A server whose policy is exchanged: it counts how long its event loop does not turn, and what stays in memory.
import { createServer } from "node:http";
import { getClientIp, wherefrom } from "@wherefrom/net";
import { followPolicy } from "@wherefrom/sources";

let tell = () => {};
let prefixes = prefixesOf(10_000, 0);
const list = {
  origin: "list of a bench",
  bounds: { within: undefined, isPublic: false, most: 20_000 },
  staleMs: 3_600_000,
  whenStale: "keep",
  read: () => Promise.resolve({ prefixes, againMs: 3_600_000 }),
  watch: (changed) => {
    tell = changed;
    return () => {};
  },
};
const source = followPolicy({
  lists: { a: list },
  policy: ({ a }) => ({ trust: a.prefixes, from: "x-forwarded-for" }),
});
await source.ready;

const server = wherefrom(
  createServer((request, response) => response.end(getClientIp(request))),
  source,
);

/** Ten thousand different prefixes, and the peer itself; each `number` gives others. */
function prefixesOf(count, number) {
  const some = Array.from({ length: count }, (_, index) => {
    const at = index + number * 7;
    return `${20 + ((at >> 14) & 63)}.${(at >> 6) & 255}.${(at & 63) * 4}.0/24`;
  });
  return ["127.0.0.1", ...new Set(some)];
}

function swap(next) {
  return new Promise((done) => {
    const changed = () => {
      source.off("change", changed);
      done();
    };
    source.on("change", changed);
    prefixes = next;
    tell();
  });
}

/** Longest time between two turns of the event loop while `work` goes on, in milliseconds. */
async function longestTurn(work) {
  let longest = 0;
  let last = performance.now();
  let isOver = false;
  const turn = () => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
    if (!isOver) setImmediate(turn);
  };
  setImmediate(turn);
  await work();
  isOver = true;
  return longest;
}

const kept = () => {
  globalThis.gc();
  globalThis.gc();
  const { heapUsed, external, arrayBuffers } = process.memoryUsage();
  return (heapUsed + external + arrayBuffers) / 1e6;
};

const commands = {
  turns: async ({ swaps, count }) => {
    const turns = [];
    for (let number = 1; number <= swaps; number++) {
      const next = prefixesOf(count, number);
      // Making the list is not the swap's work.
      await new Promise(setImmediate);
      turns.push(await longestTurn(() => swap(next)));
    }
    return turns;
  },
  idle: async ({ rounds, ms }) => {
    const turns = [];
    for (let round = 0; round < rounds; round++)
      turns.push(await longestTurn(() => new Promise((done) => setTimeout(done, ms))));
    return turns;
  },
  memory: async ({ swaps, count }) => {
    const lists = [prefixesOf(count, 1), prefixesOf(count, 2)];
    for (let number = 0; number < 20; number++) await swap(lists[number & 1]);
    const before = kept();
    for (let number = 0; number < swaps; number++) await swap(lists[number & 1]);
    return { before, after: kept() };
  },
};

process.on("message", ({ name, ...options }) => void commands[name](options).then((answer) => process.send(answer)));
process.on("disconnect", () => process.exit());
server.listen(0, "127.0.0.1", () => process.send(server.address().port));
