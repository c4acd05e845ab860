// A policy that changes: how long a swap of 10,000 prefixes keeps a loaded server from answering, what 1,000 swaps leave in memory, and what a request costs with a source.
import { fork } from "node:child_process";
import { once } from "node:events";
import { Agent, get } from "node:http";
import { median, spread } from "../harness/interleaved.mjs";
import { compareCosts, costPerRequest } from "../harness/request-cost.mjs";
import { judge } from "../harness/row.mjs";

const PREFIXES = 10_000;
const SWAPS = 30;
/** As the swaps of the report. */
const MEMORY_PREFIXES = 2001;
const MEMORY_SWAPS = 1000;
const CLIENT = "203.0.113.7";
const HEADERS = ["X-Forwarded-For: 81.2.69.142"];

export async function measure() {
  return [...(await measureSwaps()), ...(await measureRequests())];
}

async function measureSwaps() {
  const server = fork(new URL("../served/swaps.mjs", import.meta.url), [], { execArgv: ["--expose-gc"] });
  const [port] = await once(server, "message");
  const run = async (command) => {
    const answer = once(server, "message");
    server.send(command);
    return (await answer)[0];
  };
  const load = startLoad(port);
  const idle = await run({ name: "idle", rounds: SWAPS, ms: 60 });
  const turns = await run({ name: "turns", swaps: SWAPS, count: PREFIXES });
  const { answered, wrong } = await load.end();
  const { before, after } = await run({ name: "memory", swaps: MEMORY_SWAPS, count: MEMORY_PREFIXES });
  server.disconnect();
  const against = "a loaded server without a swap";
  return [
    judge({
      case: `swaps of ${PREFIXES} prefixes under load`,
      subject: `longest turn of the event loop, ms: median of ${SWAPS} swaps`,
      against,
      ratio: median(turns),
      noise: spread(turns),
      must: "<= 30 ms",
      detail: `longest ${Math.max(...turns).toFixed(1)}; without a swap ${median(idle).toFixed(1)}, longest ${Math.max(...idle).toFixed(1)}`,
    }),
    judge({
      case: `swaps of ${PREFIXES} prefixes under load`,
      subject: "requests that were refused or answered otherwise",
      against: `${answered} requests`,
      ratio: wrong,
      noise: 0,
      must: "<= 0",
    }),
    judge({
      case: `${MEMORY_SWAPS} swaps of ${MEMORY_PREFIXES} prefixes`,
      subject: "memory that stays, MB",
      against: "after 20 swaps",
      ratio: Math.max(0, after - before),
      noise: 0,
      must: "<= 1 MB",
      detail: `${before.toFixed(1)} MB before, ${after.toFixed(1)} MB after`,
    }),
  ];
}

/** Four connections, a request behind the other on each. */
function startLoad(port) {
  const agent = new Agent({ keepAlive: true, maxSockets: 4 });
  let isOver = false;
  let answered = 0;
  let wrong = 0;
  const worker = async () => {
    while (!isOver) {
      try {
        const asked = get({ host: "127.0.0.1", port, agent, headers: { "x-forwarded-for": CLIENT } });
        const [response] = await once(asked, "response");
        let text = "";
        for await (const chunk of response) text += chunk;
        answered++;
        if (text !== CLIENT) wrong++;
      } catch {
        wrong++;
      }
    }
  };
  const workers = Array.from({ length: 4 }, worker);
  return {
    end: async () => {
      isOver = true;
      await Promise.all(workers);
      agent.destroy();
      return { answered, wrong };
    },
  };
}

async function measureRequests() {
  const rows = [];
  for (const framework of ["node:http", "express"]) {
    const apart = ["fixed", "fixed again", "source"].map((name) => `${framework}, ${name}`);
    const samples = await costPerRequest(new URL("../served/sources.mjs", import.meta.url), HEADERS, {
      apart,
      sets: 4,
      rounds: 100,
    });
    rows.push(
      judge({
        case: `${framework}: hello world that reads the address`,
        subject: "processor time a request with a source",
        against: "the same with a fixed policy",
        ...compareCosts(samples, `${framework}, source`, `${framework}, fixed`, `${framework}, fixed again`),
        must: "<= 1.02",
      }),
    );
  }
  return rows;
}
