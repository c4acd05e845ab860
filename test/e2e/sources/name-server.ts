import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { type Daemon, startDaemon } from "../daemon.ts";
import { freePort } from "../free-port.ts";

/** A dnsmasq that answers for `.test`, and knows these records alone. */
export interface NameServer {
  /** As `dnsList` takes it. */
  readonly address: string;
  /** Ends it and starts it again, with other records. */
  readonly records: (...lines: readonly string[]) => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** `lines` are those of dnsmasq.conf: `host-record=a.test,10.0.0.1,1` (with a TTL), `address=/a.test/10.0.0.1`. */
export async function startNameServer(...lines: readonly string[]): Promise<NameServer> {
  const port = await freePort("127.0.0.1");
  const directory = mkdtempSync(join(tmpdir(), "wherefrom-dnsmasq-"));
  let daemon: Daemon | undefined;
  const start = async (records: readonly string[]): Promise<void> => {
    const file = join(directory, "dnsmasq.conf");
    const own = [
      `port=${port}`,
      "listen-address=127.0.0.1",
      "bind-interfaces",
      "no-resolv",
      "no-hosts",
      "local=/test/",
    ];
    writeFileSync(file, `${[...own, "local-ttl=1", ...records].join("\n")}\n`);
    daemon = await startDaemon({
      name: "dnsmasq",
      prepare: () => ["dnsmasq", "--keep-in-foreground", "--log-facility=-", "--user=", `--conf-file=${file}`],
      listens: [{ host: "127.0.0.1", port }],
    });
  };
  const stop = async (): Promise<void> => {
    await daemon?.stop();
    daemon = undefined;
  };
  onTestFinished(async () => {
    await stop();
    rmSync(directory, { recursive: true });
  });
  await start(lines);
  return {
    address: `127.0.0.1:${port}`,
    records: async (...next) => {
      await stop();
      await start(next);
    },
    stop,
  };
}
