import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { auditTo, ALERT_EVENTS, LoginGuard, SharedLoginGuard, webhook } from "@wherefrom/audit";
import { compilePolicy, resolve } from "@wherefrom/core";
import { createClient } from "redis";
import { expect, onTestFinished, test } from "vitest";
import { startReceiver } from "../audit/receiver.ts";
import { startRedis } from "../audit/redis-server.ts";
import { startDaemon } from "../daemon.ts";
import { freePort } from "../free-port.ts";
import { describeSuite } from "../requirement.ts";

const policy = compilePolicy({ trust: [] });
const from = (peer: string) => resolve({ connection: { transport: "tcp", peer, peerPort: 1, claims: [] } }, policy);

/** An attack with two findings: of a source, and of a user who was hit. */
function attack(): void {
  const guard = new LoginGuard({ locate: () => undefined });
  for (let n = 0; n < 30; n++) guard.check({ user: { id: "root" }, resolution: from("203.0.113.9"), success: false });
  guard.check({ user: { id: "root" }, resolution: from("203.0.113.9"), success: true });
}

describeSuite("logins", () => {
  test("an Alertmanager takes alerts, once each, with their severity and sentence", async () => {
    const port = await freePort("127.0.0.1");
    const daemon = await startDaemon({
      name: "alertmanager",
      prepare: (directory) => {
        writeFileSync(join(directory, "config.yml"), "route: { receiver: nobody }\nreceivers: [{ name: nobody }]\n");
        return [
          "prometheus-alertmanager",
          `--config.file=${directory}/config.yml`,
          `--storage.path=${directory}/data`,
          `--web.listen-address=127.0.0.1:${port}`,
          "--cluster.listen-address=",
        ];
      },
      listens: [{ host: "127.0.0.1", port }],
    });
    onTestFinished(daemon.stop);
    const sink = webhook({
      url: `http://127.0.0.1:${port}/api/v2/alerts`,
      form: "alertmanager",
      service: "shop",
      lingerMs: 50,
    });
    onTestFinished(auditTo(sink, { events: ALERT_EVENTS }));
    attack();
    attack();
    await sink.close();
    expect(sink.status).toMatchObject({ lost: 0, trouble: undefined });
    const alerts = (await (await fetch(`http://127.0.0.1:${port}/api/v2/alerts`)).json()) as {
      labels: Record<string, string>;
      annotations: Record<string, string>;
    }[];
    expect(alerts.map(({ labels }) => labels).toSorted((a, b) => (a["alertname"]! < b["alertname"]! ? -1 : 1))).toEqual(
      [
        {
          alertname: "login-after-failures",
          rule_id: "wherefrom.login.login-after-failures",
          severity: "critical",
          entity: "root",
          entity_kind: "user",
          service: "shop",
        },
        {
          alertname: "password-guessing",
          rule_id: "wherefrom.login.password-guessing",
          severity: "medium",
          entity: "203.0.113.9",
          entity_kind: "address",
          service: "shop",
        },
      ],
    );
    expect(alerts[0]?.annotations["count"]).toBe("2");
  });

  test.each([
    ["json", "/alerts/0/entity/value", "203.0.113.9"],
    ["slack", "/text", expect.stringContaining("203.0.113.9 guesses passwords")],
    ["pagerduty", "/dedup_key", "wherefrom.login.password-guessing 203.0.113.9"],
  ] as const)(
    "a webhook in the form %s is tried again after 503, and says the same once",
    async (form, pointer, expected) => {
      let asked = 0;
      const receiver = await startReceiver(() => (++asked === 1 ? [503, "later"] : [200, "ok"]));
      const sink = webhook({
        url: receiver.origin,
        form,
        routingKey: "key",
        lingerMs: 10,
        retryMs: 10,
        onTrouble: () => {},
      });
      onTestFinished(auditTo(sink, { events: ["login.anomaly"] }));
      attack();
      await expect.poll(() => sink.status.written).toBe(2);
      const before = asked;
      attack();
      await sink.close();
      expect(asked).toBe(before);
      const body: unknown = JSON.parse(String(receiver.received.at(form === "pagerduty" ? -2 : -1)?.body));
      const value = pointer
        .slice(1)
        .split("/")
        .reduce((each: unknown, key) => (each as Record<string, unknown>)[key], body);
      expect(value).toEqual(expected);
    },
  );

  test("wherefrom forget removes from Redis all that names a user, and nothing else", async () => {
    const { port } = await startRedis();
    const redis = createClient({ url: `redis://127.0.0.1:${port}` });
    await redis.connect();
    onTestFinished(() => redis.destroy());
    const guard = new SharedLoginGuard({ redis, locate: () => ({ country: "DE", asn: 64_500 }) });
    for (const user of ["eve", "bob"]) {
      for (const success of [true, false])
        await guard.check({ user: { id: user }, resolution: from("203.0.113.9"), success });
    }
    const main = join(import.meta.dirname, "../../../packages/cli/dist/main.js");
    execFileSync(process.execPath, [
      main,
      "forget",
      "--user",
      "eve",
      "--redis",
      `redis://127.0.0.1:${port}`,
      "--record",
      "/dev/null",
    ]);
    const keys = await redis.keys("*");
    expect(keys.filter((key) => key.includes("eve"))).toEqual([]);
    expect(keys).toContain("wherefrom:login:{user:bob}");
  });

  test("a thousand logins are answered by Redis, and none by the process alone", async () => {
    const { port } = await startRedis();
    const redis = createClient({ url: `redis://127.0.0.1:${port}` });
    await redis.connect();
    onTestFinished(() => redis.destroy());
    const guard = new SharedLoginGuard({ redis, locate: () => ({ country: "DE", asn: 64_500 }) });
    const times: number[] = [];
    for (let n = 0; n < 1000; n++) {
      const begin = performance.now();
      await guard.check({
        user: { id: `user${n % 100}` },
        resolution: from(`203.0.113.${n % 200}`),
        success: n % 20 !== 0,
      });
      times.push(performance.now() - begin);
    }
    times.sort((one, other) => one - other);
    console.log(`SharedLoginGuard.check: ${times[500]?.toFixed(3)} ms, 99 of a hundred ${times[990]?.toFixed(3)} ms`);
    expect(guard.isShared).toBe(true);
  });
});
