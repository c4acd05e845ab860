import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Daemon, startDaemon } from "../daemon.ts";
import { freePort } from "../free-port.ts";

/** A Prometheus of the test's own. */
export interface Prometheus {
  /** The data of an answer of its HTTP API, such as `ask("rules")`; rejects with what it says is wrong. */
  readonly ask: <Data>(path: string, parameters?: Readonly<Record<string, string>>) => Promise<Data>;
  readonly stop: Daemon["stop"];
}

/** How often it scrapes and looks at its rules: a test has seconds. */
const INTERVAL = "250ms";
/** How long it may take to be ready once it listens, in milliseconds. */
const READY_LIMIT_MS = 10_000;
const POLL_MS = 20;

/** One that scrapes `target` as the job "shop" and has these rules, on 127.0.0.1 with its data in a directory of its own. */
export async function startPrometheus(rules: string, target: string): Promise<Prometheus> {
  const port = await freePort("127.0.0.1");
  const configuration = {
    global: { scrape_interval: INTERVAL, scrape_timeout: INTERVAL, evaluation_interval: INTERVAL },
    rule_files: [rules],
    scrape_configs: [{ job_name: "shop", static_configs: [{ targets: [target] }] }],
  };
  const { stop, output } = await startDaemon({
    name: "prometheus",
    prepare: (directory) => {
      const file = join(directory, "prometheus.yml");
      // YAML has JSON in it.
      writeFileSync(file, JSON.stringify(configuration));
      return [
        "prometheus",
        `--config.file=${file}`,
        `--storage.tsdb.path=${join(directory, "data")}`,
        `--web.listen-address=127.0.0.1:${port}`,
        "--log.level=warn",
      ];
    },
    listens: [{ host: "127.0.0.1", port }],
  });
  const origin = `http://127.0.0.1:${port}`;
  // It listens before it has read what it stores, and answers 503 until then.
  for (const deadline = Date.now() + READY_LIMIT_MS; !(await fetch(`${origin}/-/ready`)).ok; await sleep(POLL_MS)) {
    if (Date.now() < deadline) continue;
    await stop();
    throw new Error(`prometheus is not ready:\n${output()}`);
  }
  return {
    stop,
    ask: async <Data>(path: string, parameters: Readonly<Record<string, string>> = {}): Promise<Data> => {
      const response = await fetch(`${origin}/api/v1/${path}?${new URLSearchParams(parameters).toString()}`);
      const text = await response.text();
      if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`);
      return (JSON.parse(text) as { readonly data: Data }).data;
    },
  };
}
